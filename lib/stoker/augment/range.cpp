#include "stoker/augment/range.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "stoker/core/error.h"

namespace stoker::augment {

Range range_of(const std::vector<double>& values, std::string_view step, std::string_view option,
               const RangeLimits& limits) {
  const bool finite =
      std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  if (finite && values.size() == 1 && values[0] >= 0) {
    const Range range{limits.center - values[0], limits.center + values[0]};
    if (range.high <= limits.most) return {std::max(range.low, limits.least), range.high};
  }
  if (finite && values.size() == 2 && limits.least <= values[0] && values[0] <= values[1] &&
      values[1] <= limits.most)
    return {values[0], values[1]};
  throw ConfigError(
      fmt::format("augment: {}: {} is [{}], expected one number from 0 to {}, or two from {} to "
                  "{}, the smaller "
                  "first.",
                  step, option, fmt::join(values, ", "), limits.most - limits.center, limits.least,
                  limits.most));
}

}  // namespace stoker::augment

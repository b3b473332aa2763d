#include "stoker/augment/normalize.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

double channel(const std::vector<double>& values, int c) {
  return values.size() == 1 ? values[0] : values[static_cast<size_t>(c)];
}

void check(const std::vector<double>& values, std::string_view name, double above) {
  const bool good = (values.size() == 1 || values.size() == 3) &&
                    std::all_of(values.begin(), values.end(),
                                [&](double v) { return std::isfinite(v) && v > above; });
  if (!good)
    throw ConfigError(fmt::format(
        "augment: normalize: {} is [{}], expected one number or three (red, green, blue){}.", name,
        fmt::join(values, ", "), above == 0 ? ", all above 0" : ""));
}

}  // namespace

void describe(NormalizeOptions& o, config::Fields& fields) {
  fields("mean", o.mean, "by channel, of pixel values from 0 to 1").required();
  fields("std", o.std, "by channel, of pixel values from 0 to 1").above(0).required();
}

kernels::Normalization normalization_of(const NormalizeOptions& options) {
  check(options.mean, "mean", -INFINITY);
  check(options.std, "std", 0);
  kernels::Normalization normalization;
  for (int c = 0; c < 3; ++c) {
    const double std = channel(options.std, c);
    normalization.scale[c] = static_cast<float>(1 / (255 * std));
    normalization.bias[c] = static_cast<float>(-channel(options.mean, c) / std);
  }
  return normalization;
}

}  // namespace stoker::augment

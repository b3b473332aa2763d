// `0.4` and `[0.6, 1.4]`: ranges that an option gives as one number or two.
#pragma once

#include <string_view>
#include <vector>

#include "stoker/core/random.h"

namespace stoker::augment {

struct Range {
  double low = 0, high = 0;
  double draw(RandomStream& random) const { return low + (high - low) * random.uniform(); }
  bool is_only(double value) const { return low == value && high == value; }
};

struct RangeLimits {
  double least = 0, most = 0;
  double center = 0;  // one number v stands for [center - v, center + v], cut at the limits
};

// Throws ConfigError naming the step and the option unless `values` are one number at or above
// zero, or two within the limits, the smaller first.
Range range_of(const std::vector<double>& values, std::string_view step, std::string_view option,
               const RangeLimits& limits);

}  // namespace stoker::augment

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

bool is_above_one(const std::vector<double>& values) {
  return std::ranges::any_of(values, [](double value) { return value > 1; });
}

std::vector<double> of_255(const std::vector<double>& values) {
  std::vector<double> result;
  result.reserve(values.size());
  for (const double value : values) result.push_back(std::round(value / 255 * 1e4) / 1e4);
  return result;
}

// mmpretrain, Caffe and Keras have them on the scale of pixel values; taken as they stand here,
// every input would be about the same number.
void check_scale(const NormalizeOptions& o) {
  const bool mean = is_above_one(o.mean), std = is_above_one(o.std);
  if (!mean && !std) return;
  throw ConfigError(fmt::format(
      "augment: normalize: mean is [{}] and std is [{}], on the scale from 0 to 255; expected that "
      "from 0 to 1: write {{mean: [{}], std: [{}]}}.",
      fmt::join(o.mean, ", "), fmt::join(o.std, ", "),
      fmt::join(mean ? of_255(o.mean) : o.mean, ", "), fmt::join(of_255(o.std), ", ")));
}

}  // namespace

void describe(NormalizeOptions& o, config::Fields& fields) {
  fields("mean", o.mean, "by channel, of pixel values from 0 to 1").required();
  fields("std", o.std, "by channel, of pixel values from 0 to 1").above(0).required();
}

kernels::Normalization normalization_of(const NormalizeOptions& options) {
  check(options.mean, "mean", -INFINITY);
  check(options.std, "std", 0);
  check_scale(options);
  kernels::Normalization normalization;
  for (int c = 0; c < 3; ++c) {
    const double std = channel(options.std, c);
    normalization.scale[c] = static_cast<float>(1 / (255 * std));
    normalization.bias[c] = static_cast<float>(-channel(options.mean, c) / std);
  }
  return normalization;
}

}  // namespace stoker::augment

// normalize: from pixel values, taken as 0 to 1, to (value - mean) / std by channel.
#pragma once

#include <vector>

#include "stoker/config/fields.h"
#include "stoker/kernels/image.h"

namespace stoker::augment {

struct NormalizeOptions {
  std::vector<double> mean;
  std::vector<double> std;
};
void describe(NormalizeOptions& options, config::Fields& fields);

// One number stands for all channels. Throws ConfigError unless there are one or three of each,
// and every std is above zero.
kernels::Normalization normalization_of(const NormalizeOptions& options);

}  // namespace stoker::augment

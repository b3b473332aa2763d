// Stochastic depth (Huang et al., "Deep Networks with Stochastic Depth", 2016), as timm's drop path
// and torchvision's mode "row" have it.
//
//   x = x + nn::drop_path(branch(x), nn::drop_path_rate(0.1, block, blocks), is_training());
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace stoker::nn {

// The branch of each sample is zero with probability `rate`, in [0, 1), and divided by 1 - rate
// otherwise; x as it is where not training or the rate is 0. x: [N, …] of a floating type. Draws
// from torch's generator of x's device, as dropout does.
at::Tensor drop_path(const at::Tensor& x, double rate, bool training);

// The rate of block `index` of `count` where rates rise linearly from 0 to `last`.
double drop_path_rate(double last, int64_t index, int64_t count);

}  // namespace stoker::nn

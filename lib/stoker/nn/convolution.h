// 2-d convolutions whose backward pass suits the CPU.
//
//   x = nn::convolve(*conv, x);                                  // conv->forward(x)
//   x = nn::convolve_activate(*conv, Activation::kGelu, x);      // and its activation
//
// On the CPU, for float32 and bfloat16 in channels_last, the weight's gradient is taken by
// nn/weight_gradient.h and arrives in float32, in the weight's layout; a bias is added together
// with the activation. Casts as autocast says. Everything else, groups among it, is the module's
// own forward.
#pragma once

#include <torch/nn/modules/conv.h>

#include "stoker/nn/activation.h"

namespace stoker::nn {

// x: [N, C, H, W]; differentiable once.
at::Tensor convolve(torch::nn::Conv2dImpl& conv, const at::Tensor& x);
at::Tensor convolve_activate(torch::nn::Conv2dImpl& conv, Activation activation,
                             const at::Tensor& x);

}  // namespace stoker::nn

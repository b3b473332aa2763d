// Batch normalization, the sum with a residual and an activation in one operator on the CPU.
//
// LibTorch's norm reads the batch twice for its statistics and once to normalize, the activation
// reads and writes it once more, and each keeps its input for the gradient. This reads it once for
// the statistics and once for the rest, keeps one input, and computes the activation again in the
// backward pass, where it is cheaper than the memory. Used through BatchNorm and norm_activate.
#pragma once

#include <ATen/core/Tensor.h>

#include "stoker/kernels/channels.h"

namespace stoker::nn {

struct NormState {
  at::Tensor weight, bias;               // [C] float32; weight may be undefined
  at::Tensor running_mean, running_var;  // [C] float32
  double momentum, eps;
  bool training;
};

// True where fused_norm takes these: on the CPU, in a layout and precision of its kernels, and in
// eval mode only without gradients.
bool suits_fused_norm(const NormState& norm, const at::Tensor& x, const at::Tensor& residual);

// gate(norm(x) + residual), x: [N, C, H, W]. In training mode by the batch's statistics, which also
// move the running ones; else by those. A residual has x's shape, dtype and layout, and comes with
// Gate::kRelu; undefined for none. Differentiable once.
at::Tensor fused_norm(const NormState& norm, kernels::Gate gate, const at::Tensor& x,
                      const at::Tensor& residual);

}  // namespace stoker::nn

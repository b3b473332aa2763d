// Batch normalization by the statistics of several ranks' images, on any device.
#pragma once

#include <ATen/core/Tensor.h>

#include "stoker/nn/fused_norm.h"
#include "stoker/nn/norm_peers.h"

namespace stoker::nn {

// As the norm of one process that has all of their images, whatever each of them has: forward,
// running statistics and gradients. The gradients of weight and bias are this rank's part of the
// sum. x: [N, C, …] of a floating type, computed in float32. Differentiable once.
at::Tensor shared_norm(const NormState& norm, NormPeers& peers, const at::Tensor& x);

}  // namespace stoker::nn

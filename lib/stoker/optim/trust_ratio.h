// Rates by tensor, for large batches: the norm of the weights over that of their update.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>

namespace stoker::optim {

// `ratio` where both norms are above zero, else 1; all float64 [n].
inline at::Tensor trust_ratio(const at::Tensor& ratio, const at::Tensor& weight_norms,
                              const at::Tensor& update_norms) {
  return at::where((weight_norms > 0).logical_and(update_norms > 0), ratio, at::ones_like(ratio));
}

}  // namespace stoker::optim

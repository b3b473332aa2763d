#include "stoker/optim/clip.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include "stoker/core/error.h"
#include "stoker/optim/gradients.h"

namespace stoker::optim {

at::Tensor grad_norm(Optimizer& optimizer) {
  const at::NoGradGuard no_grad;
  const auto lists = gradient_lists(optimizer);
  if (lists.empty()) return at::zeros({});
  const at::Device device = lists.front().front().device();
  std::vector<at::Tensor> norms;
  for (const auto& list : lists) {
    // Half precision is summed in float32; float64 may not be narrowed.
    const bool wide = list.front().scalar_type() == at::kDouble;
    for (const at::Tensor& norm : at::_foreach_norm(list, 2, wide ? at::kDouble : at::kFloat))
      norms.push_back(norm.to(device, at::kFloat));
  }
  return at::linalg_vector_norm(at::stack(norms));
}

at::Tensor clip_grad_norm(Optimizer& optimizer, double max_norm) {
  STOKER_CHECK(max_norm > 0, "max_norm={}", max_norm);
  const at::NoGradGuard no_grad;
  at::Tensor total = grad_norm(optimizer);
  // 1e-6 as torch has it, against a norm of zero.
  const at::Tensor factor = (max_norm / (total + 1e-6)).clamp_max(1);
  for (const auto& list : gradient_lists(optimizer))
    at::_foreach_mul_(list, factor.to(list.front().device()));
  return total;
}

}  // namespace stoker::optim

#include "stoker/optim/clip.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_clamp_max.h>
#include <ATen/ops/_foreach_clamp_min.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include "stoker/core/error.h"
#include "stoker/optim/gradients.h"

namespace stoker::optim {

namespace {

// Of each slice of the first dimension, [n, 1, …]; of a vector as a whole, [].
at::Tensor unit_norms(const at::Tensor& tensor) {
  if (tensor.dim() <= 1) return at::linalg_vector_norm(tensor);
  std::vector<int64_t> dims;
  for (int64_t i = 1; i < tensor.dim(); ++i) dims.push_back(i);
  return at::linalg_vector_norm(tensor, 2, dims, /*keepdim=*/true);
}

}  // namespace

void describe(AdaptiveClipOptions& o, config::Fields& fields) {
  fields("factor", o.factor,
         "largest norm of a unit's gradient over that of its weights; NFNets train with 0.01")
      .positive()
      .unset_as("none");
  fields("eps", o.eps, "smallest norm that a unit's weights count with").positive();
  fields("head", o.head, "clip the classifier too");
}

void check_clipping(const ClipOptions& options) {
  const int set = int{options.norm.has_value()} + int{options.value.has_value()} +
                  int{options.adaptive.factor.has_value()};
  if (set <= 1) return;
  throw ConfigError(
      "train.clip_grad_norm, train.clip_grad_value and train.clip_adaptive.factor: only one of "
      "them "
      "may be set; set the others to none.");
}

at::Tensor grad_norm(Optimizer& optimizer) {
  const at::NoGradGuard no_grad;
  const auto lists = gradient_lists(optimizer);
  if (lists.empty()) return optimizer.norm_of_all(at::zeros({}));
  const at::Device device = lists.front().front().device();
  std::vector<at::Tensor> norms;
  for (const auto& list : lists) {
    // Half precision is summed in float32; float64 may not be narrowed.
    const bool wide = list.front().scalar_type() == at::kDouble;
    for (const at::Tensor& norm : at::_foreach_norm(list, 2, wide ? at::kDouble : at::kFloat))
      norms.push_back(norm.to(device, at::kFloat));
  }
  return optimizer.norm_of_all(at::linalg_vector_norm(at::stack(norms)));
}

at::Tensor clip_gradients(Optimizer& optimizer, const ClipOptions& options) {
  if (options.norm) return clip_grad_norm(optimizer, *options.norm);
  at::Tensor norm = grad_norm(optimizer);
  if (options.value) clip_grad_value(optimizer, *options.value);
  if (options.adaptive.factor) clip_adaptively(optimizer, options.adaptive);
  return norm;
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

void clip_grad_value(Optimizer& optimizer, double max_value) {
  STOKER_CHECK(max_value > 0, "max_value={}", max_value);
  const at::NoGradGuard no_grad;
  for (const auto& list : gradient_lists(optimizer)) {
    at::_foreach_clamp_min_(list, -max_value);
    at::_foreach_clamp_max_(list, max_value);
  }
}

void clip_adaptively(Optimizer& optimizer, const AdaptiveClipOptions& options) {
  const at::NoGradGuard no_grad;
  for (const ParameterGroup& group : optimizer.groups()) {
    for (const auto& [name, parameter] : group.parameters) {
      at::Tensor& gradient = parameter.mutable_grad();
      if (!gradient.defined() || (!options.head && is_in_head(group.parts, name))) continue;
      const at::Tensor largest =
          unit_norms(parameter.detach()).clamp_min(options.eps) * options.factor.value();
      // A norm of zero stays zero whatever it is multiplied by.
      gradient.mul_((largest / unit_norms(gradient).clamp_min(1e-6)).clamp_max(1));
    }
  }
}

}  // namespace stoker::optim

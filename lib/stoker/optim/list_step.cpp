#include "stoker/optim/list_step.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>

namespace stoker::optim {
namespace {

// One number a tensor, as the foreach kernels take them.
std::vector<at::Tensor> parted(const at::Tensor& numbers, at::TensorList like) {
  return numbers.to(like.front().scalar_type()).unbind(0);
}

}  // namespace

ListStep::ListStep(const StepOptions& options) : options_(options) {
  if (options.found_inf) is_left_out_ = options.found_inf->to(at::kBool);
}

// All in one piece of memory, so that one kernel clears them.
std::vector<at::Tensor> ListStep::gradients(const TensorLists& lists, double coupled_decay) const {
  int64_t values = 0;
  for (const at::Tensor& gradient : lists.gradients) values += gradient.numel();
  const at::Tensor flat = at::empty({values}, lists.gradients.front().options());
  std::vector<at::Tensor> copies;
  int64_t begin = 0;
  for (const at::Tensor& gradient : lists.gradients) {
    copies.push_back(flat.as_strided(gradient.sizes(), gradient.strides(), begin));
    begin += gradient.numel();
  }
  at::_foreach_copy_(copies, lists.gradients);
  if (options_.grad_scale) flat.div_(*options_.grad_scale);
  if (coupled_decay != 0) at::_foreach_add_(copies, lists.parameters, coupled_decay);
  if (is_left_out_.defined()) flat.masked_fill_(is_left_out_, 0);
  return copies;
}

at::Tensor ListStep::pick(const at::Tensor& one, const at::Tensor& other) const {
  return is_left_out_.defined() ? at::where(is_left_out_, other, one) : one;
}

void ListStep::scale(at::TensorList list, double factor) const {
  if (factor == 1) return;
  if (!is_left_out_.defined()) return at::_foreach_mul_(list, factor);
  const at::Tensor wanted = at::full({}, factor, list.front().options().requires_grad(false));
  at::_foreach_mul_(list, pick(wanted, at::ones({}, wanted.options())));
}

void ListStep::accumulate(at::TensorList list, at::TensorList values, double keep,
                          double share) const {
  scale(list, keep);
  at::_foreach_add_(list, values, share);
}

void ListStep::mask(at::TensorList list) const {
  if (!is_left_out_.defined()) return;
  at::_foreach_mul_(list, is_left_out_.logical_not().to(list.front().scalar_type()));
}

void ListStep::move(at::TensorList parameters, at::TensorList deltas, double rate) const {
  mask(deltas);
  at::_foreach_add_(parameters, deltas, -rate);
}

at::Tensor ListStep::count(at::TensorList steps) const {
  if (is_left_out_.defined()) {
    at::_foreach_add_(steps, is_left_out_.logical_not().to(at::kFloat));
  } else {
    at::_foreach_add_(steps, 1);
  }
  return at::stack(steps).to(at::kDouble).clamp_min(1);
}

void scale_each(at::TensorList list, const at::Tensor& factors) {
  at::_foreach_mul_(list, parted(factors, list));
}

void add_each(at::TensorList list, const at::Tensor& terms) {
  at::_foreach_add_(list, parted(terms, list));
}

at::Tensor norms_of(at::TensorList list) {
  return at::stack(at::_foreach_norm(list, 2)).to(at::kDouble);
}

}  // namespace stoker::optim

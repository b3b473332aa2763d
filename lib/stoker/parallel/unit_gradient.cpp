#include "stoker/parallel/unit_gradient.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <utility>

namespace stoker::parallel {

at::Tensor UnitGradient::flat(int64_t values) const {
  return at::zeros({values}, at::TensorOptions().dtype(travels_).device(unit_.device()));
}

void UnitGradient::take(size_t member) {
  const at::NoGradGuard no_grad;
  const FlatUnit::Member& one = unit_.members()[member];
  if (!whole_.defined()) whole_ = flat(unit_.values());
  at::Tensor& gradient = one.parameter.mutable_grad();
  whole_.as_strided(one.parameter.sizes(), one.parameter.strides(), one.offset).copy_(gradient);
  gradient = at::Tensor();
  taken_.insert(member);
}

std::vector<std::string> UnitGradient::missing() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < unit_.members().size(); ++i) {
    if (!taken_.contains(i)) names.push_back(unit_.members()[i].name);
  }
  return names;
}

void UnitGradient::send() {
  const at::NoGradGuard no_grad;
  taken_.clear();
  at::Tensor whole = whole_.defined() ? std::exchange(whole_, at::Tensor()) : flat(unit_.values());
  own_ = flat(unit_.part_size());
  sending_ = group_.begin_reduce(own_, std::move(whole));
}

void UnitGradient::receive() {
  const at::NoGradGuard no_grad;
  sending_->wait();
  sending_.reset();
  const at::Tensor own = std::exchange(own_, at::Tensor()).to(unit_.dtype());
  sum_ = sum_.defined() ? sum_.add_(own) : own;
}

void UnitGradient::hand_out() {
  for (size_t i = 0; i < unit_.members().size(); ++i) {
    if (!unit_.part_of(i)) continue;
    const at::Tensor& part = unit_.part_of(i)->values;
    part.mutable_grad() = sum_.narrow(0, unit_.place_of(i), part.numel());
  }
  drop();
}

}  // namespace stoker::parallel

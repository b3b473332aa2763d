#include "stoker/algorithms/stand_in.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_lerp.h>

#include <utility>

#include "stoker/weights/state_dict.h"

namespace stoker::algorithms {

StandInWeights::StandInWeights(const models::Model& model) {
  for (auto& [name, tensor] : weights::state_dict(model)) {
    if (!tensor.is_floating_point()) continue;
    names_.push_back(name);
    weights_.push_back(tensor.detach());
    averages_.push_back(tensor.detach().clone());
  }
}

void StandInWeights::move_towards_model(double share) {
  const at::NoGradGuard no_grad;
  at::_foreach_lerp_(averages_, weights_, share);
}

void StandInWeights::copy_from_model() {
  const at::NoGradGuard no_grad;
  at::_foreach_copy_(averages_, weights_);
}

void StandInWeights::put_in() {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> own;
  for (const at::Tensor& weight : weights_) own.push_back(weight.clone());
  own_ = std::move(own);  // all of them, should memory run out
  at::_foreach_copy_(weights_, averages_);
}

void StandInWeights::take_out() {
  const at::NoGradGuard no_grad;
  if (own_.empty()) return;
  at::_foreach_copy_(weights_, own_);
  own_.clear();
}

optim::NamedTensors StandInWeights::named() const {
  optim::NamedTensors named;
  for (size_t i = 0; i < names_.size(); ++i) named.emplace_back(names_[i], averages_[i]);
  return named;
}

}  // namespace stoker::algorithms

#include "stoker/losses/families.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>

#include <cmath>

namespace stoker::losses {

at::Tensor shares_of(const at::Tensor& targets, int64_t classes, double label_smoothing) {
  const double spread = label_smoothing / static_cast<double>(classes);
  at::Tensor shares =
      at::full({targets.size(0), classes}, spread, targets.options().dtype(at::kFloat));
  if (targets.dim() == 2) return shares.add_(targets, 1 - label_smoothing);
  return shares.scatter_(1, targets.unsqueeze(1), 1 - label_smoothing + spread);
}

at::Tensor power(const at::Tensor& x, double exponent) {
  if (exponent == 1) return x;
  constexpr double kTiny = 1e-12;  // whose powers below 1 still have a gradient of float32
  return x.clamp_min(kTiny).pow(exponent);
}

std::optional<at::Tensor> WeightedLoss::class_weights(const at::Tensor& logits) const {
  if (!context_.class_weights.defined()) return std::nullopt;
  return context_.class_weights.to(logits.device());
}

std::optional<at::Tensor> WeightedLoss::positive_weights(const at::Tensor& logits) const {
  if (!context_.positive_weights.defined()) return std::nullopt;
  return context_.positive_weights.to(logits.device());
}

at::Tensor WeightedLoss::weighted(const at::Tensor& costs) const {
  const std::optional<at::Tensor> weights = class_weights(costs);
  return weights ? costs * *weights : costs;
}

at::Tensor WeightedLoss::positive_weighted(const at::Tensor& costs) const {
  const std::optional<at::Tensor> weights = positive_weights(costs);
  return weights ? costs * *weights : costs;
}

at::Tensor SoftmaxLoss::probabilities(const at::Tensor& logits) const {
  return at::softmax(logits, -1);
}

at::Tensor SigmoidLoss::probabilities(const at::Tensor& logits) const {
  return at::sigmoid(logits);
}

// In the logarithm's domain, where small probabilities survive.
at::Tensor SoftmaxLoss::mean_of_views(const at::Tensor& logits, int64_t dim) const {
  return at::logsumexp(at::log_softmax(logits, -1), dim) -
         std::log(static_cast<double>(logits.size(dim)));
}

at::Tensor SigmoidLoss::mean_of_views(const at::Tensor& logits, int64_t dim) const {
  return at::logsumexp(at::log_sigmoid(logits), dim) - at::logsumexp(at::log_sigmoid(-logits), dim);
}

}  // namespace stoker::losses

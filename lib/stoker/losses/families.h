// What losses have in common: the two families by what they take logits for, and targets as shares
// of the classes.
//
//   class Focal final : public SoftmaxLoss { … };   // one class an image
//   class Asymmetric final : public SigmoidLoss { … };  // a question of yes or no for each class
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <utility>

#include "stoker/losses/loss.h"

namespace stoker::losses {

// Targets, labels or shares, as shares [n, classes] float32, smoothed as Loss::per_sample says.
at::Tensor shares_of(const at::Tensor& targets, int64_t classes, double label_smoothing);

// x to the power of `exponent`, for x in [0, 1]; its gradient is finite where x is 0.
at::Tensor power(const at::Tensor& x, double exponent);

class WeightedLoss : public Loss {
 public:
  explicit WeightedLoss(LossContext context) : context_(std::move(context)) {}

 protected:
  // On the device of `logits`; none where all classes count 1.
  std::optional<at::Tensor> class_weights(const at::Tensor& logits) const;
  std::optional<at::Tensor> positive_weights(const at::Tensor& logits) const;
  // costs: [n, classes], already times the shares; times what the classes count.
  at::Tensor weighted(const at::Tensor& costs) const;
  // Times what they count where they are present.
  at::Tensor positive_weighted(const at::Tensor& costs) const;

 private:
  LossContext context_;
};

// Logits are those of a softmax over the classes.
class SoftmaxLoss : public WeightedLoss {
 public:
  using WeightedLoss::WeightedLoss;
  bool takes_several_labels() const override { return false; }
  at::Tensor probabilities(const at::Tensor& logits) const override;
  at::Tensor mean_of_views(const at::Tensor& logits, int64_t dim) const override;
};

// Logits are those of a sigmoid each.
class SigmoidLoss : public WeightedLoss {
 public:
  using WeightedLoss::WeightedLoss;
  bool takes_several_labels() const override { return true; }
  at::Tensor probabilities(const at::Tensor& logits) const override;
  at::Tensor mean_of_views(const at::Tensor& logits, int64_t dim) const override;
};

}  // namespace stoker::losses

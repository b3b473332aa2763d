// bce: the mean over classes of binary cross-entropies, as of independent yes-or-no questions, each
// times the weight of its class.
#include <ATen/TensorOperators.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/logsumexp.h>

#include <optional>
#include <utility>

#include "stoker/losses/loss.h"

namespace stoker::losses {
namespace {

struct BinaryCrossEntropyOptions {};
void describe(BinaryCrossEntropyOptions&, config::Fields&) {}

class BinaryCrossEntropy final : public Loss {
 public:
  explicit BinaryCrossEntropy(at::Tensor class_weights)
      : class_weights_(std::move(class_weights)) {}

  at::Tensor per_sample(const at::Tensor& logits, const at::Tensor& targets,
                        double label_smoothing) const override {
    const at::Tensor wide = logits.to(at::kFloat);
    const double spread = label_smoothing / static_cast<double>(wide.size(1));
    at::Tensor smoothed = at::full_like(wide, spread);
    if (targets.dim() == 2) {
      smoothed.add_(targets, 1 - label_smoothing);
    } else {
      smoothed.scatter_(1, targets.unsqueeze(1), 1 - label_smoothing + spread);
    }
    std::optional<at::Tensor> weights;
    if (class_weights_.defined()) weights = class_weights_.to(logits.device());
    return at::binary_cross_entropy_with_logits(wide, smoothed, weights, {}, at::Reduction::None)
        .mean(1);
  }

  at::Tensor mean_of_views(const at::Tensor& logits, int64_t dim) const override {
    return at::logsumexp(at::log_sigmoid(logits), dim) -
           at::logsumexp(at::log_sigmoid(-logits), dim);
  }

 private:
  at::Tensor class_weights_;
};

}  // namespace

LossTable::Row binary_cross_entropy_row() {
  return LossTable::row<BinaryCrossEntropyOptions>(
      "bce", "mean of the binary cross-entropies of all classes",
      [](const BinaryCrossEntropyOptions&, const LossContext& context) {
        return std::make_shared<BinaryCrossEntropy>(context.class_weights);
      });
}

}  // namespace stoker::losses

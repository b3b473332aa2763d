// cross_entropy: -sum_c w_c t_c log softmax(logits)_c, with the weights w of the classes.
#include <ATen/ops/cross_entropy_loss.h>

#include "stoker/losses/families.h"

namespace stoker::losses {
namespace {

struct CrossEntropyOptions {};
void describe(CrossEntropyOptions&, config::Fields&) {}

class CrossEntropy final : public SoftmaxLoss {
 public:
  using SoftmaxLoss::SoftmaxLoss;

  at::Tensor per_sample(const at::Tensor& logits, const at::Tensor& targets,
                        double label_smoothing) const override {
    return at::cross_entropy_loss(logits.to(at::kFloat), targets, class_weights(logits),
                                  at::Reduction::None,
                                  /*ignore_index=*/-100, label_smoothing);
  }
};

}  // namespace

LossTable::Row cross_entropy_row() {
  return LossTable::row<CrossEntropyOptions>(
      "cross_entropy", "softmax cross-entropy: one class an image",
      [](const CrossEntropyOptions&, const LossContext& context) {
        return std::make_shared<CrossEntropy>(context);
      });
}

}  // namespace stoker::losses

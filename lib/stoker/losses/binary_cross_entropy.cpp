// bce: the mean over classes of binary cross-entropies, as of independent yes-or-no questions, each
// times the weight of its class (Wightman et al., "ResNet strikes back", 2021, section 3.2).
#include <ATen/TensorOperators.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/full.h>

#include <optional>
#include <utility>

#include "stoker/losses/families.h"

namespace stoker::losses {
namespace {

struct BinaryCrossEntropyOptions {
  std::optional<double> target_threshold;
  double positive_weight = 1;
  bool sum_classes = false;
};
void describe(BinaryCrossEntropyOptions& o, config::Fields& fields) {
  fields("target_threshold", o.target_threshold,
         "classes whose share of a mixed or smoothed target is above it count as present, the "
         "others as absent")
      .in(0, 1)
      .unset_as("none");
  fields("positive_weight", o.positive_weight, "what a class that is present counts").above(0);
  fields("sum_classes", o.sum_classes, "add the classes up instead of taking their mean");
}

class BinaryCrossEntropy final : public SigmoidLoss {
 public:
  BinaryCrossEntropy(const BinaryCrossEntropyOptions& options, LossContext context)
      : SigmoidLoss(std::move(context)), options_(options) {}

  at::Tensor per_sample(const at::Tensor& logits, const at::Tensor& targets,
                        double label_smoothing) const override {
    const at::Tensor wide = logits.to(at::kFloat);
    at::Tensor shares = shares_of(targets, wide.size(1), label_smoothing);
    if (options_.target_threshold) shares = shares.gt(*options_.target_threshold).to(at::kFloat);
    std::optional<at::Tensor> positive = positive_weights(wide);
    if (options_.positive_weight != 1) {
      const at::Tensor all = at::full({wide.size(1)}, options_.positive_weight, wide.options());
      positive = positive ? *positive * all : all;
    }
    const at::Tensor costs = at::binary_cross_entropy_with_logits(wide, shares, class_weights(wide),
                                                                  positive, at::Reduction::None);
    return options_.sum_classes ? costs.sum(1) : costs.mean(1);
  }

 private:
  BinaryCrossEntropyOptions options_;
};

}  // namespace

LossTable::Row binary_cross_entropy_row() {
  return LossTable::row<BinaryCrossEntropyOptions>(
      "bce", "mean of the binary cross-entropies of all classes",
      [](const BinaryCrossEntropyOptions& options, const LossContext& context) {
        return std::make_shared<BinaryCrossEntropy>(options, context);
      });
}

}  // namespace stoker::losses

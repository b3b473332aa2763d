// asymmetric: the mean over classes of
//
//   -t (1 - p)^gamma_positive log p  -  (1 - t) q^gamma_negative log(1 - q),  q = max(p - margin,
//   0)
//
// with p = sigmoid(logit): binary cross-entropy in which the many absent classes count little, and
// not at all once p is below the margin (Ridnik et al., "Asymmetric Loss For Multi-Label
// Classification", ICCV 2021, equations 4 to 7). With equal gammas and no margin it is the focal
// loss of binary questions.
#include <ATen/TensorOperators.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/sigmoid.h>

#include <utility>

#include "stoker/losses/families.h"

namespace stoker::losses {
namespace {

struct AsymmetricOptions {
  double gamma_positive = 1;
  double gamma_negative = 4;
  double margin = 0.05;
};
void describe(AsymmetricOptions& o, config::Fields& fields) {
  fields("gamma_positive", o.gamma_positive, "how much less present classes count that are found")
      .in(0, 10);
  fields("gamma_negative", o.gamma_negative, "how much less absent classes count that are denied")
      .in(0, 10);
  fields("margin", o.margin, "probability up to which an absent class counts nothing").in(0, 0.5);
}

class Asymmetric final : public SigmoidLoss {
 public:
  Asymmetric(const AsymmetricOptions& options, LossContext context)
      : SigmoidLoss(std::move(context)), options_(options) {}

  at::Tensor per_sample(const at::Tensor& logits, const at::Tensor& targets,
                        double label_smoothing) const override {
    const at::Tensor wide = logits.to(at::kFloat);
    const at::Tensor shares = shares_of(targets, wide.size(1), label_smoothing);
    const at::Tensor denied = at::sigmoid(-wide);  // 1 - p, without its rounding
    const at::Tensor present = power(denied, options_.gamma_positive) * -at::log_sigmoid(wide);
    const at::Tensor costs =
        positive_weighted(shares * present) + (1 - shares) * absent(wide, denied);
    return weighted(costs).mean(1);
  }

 private:
  at::Tensor absent(const at::Tensor& logits, const at::Tensor& denied) const {
    if (options_.margin == 0)
      return power(at::sigmoid(logits), options_.gamma_negative) * -at::log_sigmoid(-logits);
    const at::Tensor rest = (denied + options_.margin).clamp_max(1);  // 1 - q
    return power(1 - rest, options_.gamma_negative) * -at::log(rest);
  }

  AsymmetricOptions options_;
};

}  // namespace

LossTable::Row asymmetric_row() {
  return LossTable::row<AsymmetricOptions>(
      "asymmetric", "bce in which absent classes count little, for many classes of which few apply",
      [](const AsymmetricOptions& options, const LossContext& context) {
        return std::make_shared<Asymmetric>(options, context);
      });
}

}  // namespace stoker::losses

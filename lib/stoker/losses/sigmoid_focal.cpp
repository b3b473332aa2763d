// sigmoid_focal: the mean over classes of
//
//   -a t (1 - p)^gamma log p  -  (1 - a) (1 - t) p^gamma log(1 - p)
//
// with p = sigmoid(logit): questions of yes or no, of which those that are answered well count
// little (Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, equation 5, as RetinaNet
// has it; torchvision.ops.sigmoid_focal_loss). Without alpha both sides count 1.
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/sigmoid.h>

#include <optional>
#include <utility>

#include "stoker/losses/families.h"

namespace stoker::losses {
namespace {

struct SigmoidFocalOptions {
  double gamma = 2;
  std::optional<double> alpha;
};
void describe(SigmoidFocalOptions& o, config::Fields& fields) {
  fields("gamma", o.gamma, "how much less what is answered well counts; 0 is bce").in(0, 10);
  fields("alpha", o.alpha,
         "what present classes count, and 1 - alpha what absent ones do; none: 1 both")
      .in(0, 1)
      .unset_as("none");
}

class SigmoidFocal final : public SigmoidLoss {
 public:
  SigmoidFocal(const SigmoidFocalOptions& options, LossContext context)
      : SigmoidLoss(std::move(context)), options_(options) {}

  at::Tensor per_sample(const at::Tensor& logits, const at::Tensor& targets,
                        double label_smoothing) const override {
    const at::Tensor wide = logits.to(at::kFloat);
    const at::Tensor shares = shares_of(targets, wide.size(1), label_smoothing);
    const at::Tensor present =
        shares * power(at::sigmoid(-wide), options_.gamma) * -at::log_sigmoid(wide);
    const at::Tensor absent =
        (1 - shares) * power(at::sigmoid(wide), options_.gamma) * -at::log_sigmoid(-wide);
    const double yes = options_.alpha.value_or(1), no = options_.alpha ? 1 - *options_.alpha : 1;
    return weighted(yes * positive_weighted(present) + no * absent).mean(1);
  }

 private:
  SigmoidFocalOptions options_;
};

}  // namespace

LossTable::Row sigmoid_focal_row() {
  return LossTable::row<SigmoidFocalOptions>(
      "sigmoid_focal", "bce in which what is answered well counts little",
      [](const SigmoidFocalOptions& options, const LossContext& context) {
        return std::make_shared<SigmoidFocal>(options, context);
      });
}

}  // namespace stoker::losses

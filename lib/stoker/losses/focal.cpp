// focal: -sum_c w_c t_c (1 - p_c)^gamma log p_c, p = softmax(logits): samples that are guessed well
// count little (Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, equation 5, for
// several classes; its alpha are train.class_weights).
#include <ATen/TensorOperators.h>
#include <ATen/ops/expm1.h>
#include <ATen/ops/log_softmax.h>

#include <utility>

#include "stoker/losses/families.h"

namespace stoker::losses {
namespace {

struct FocalOptions {
  double gamma = 2;
};
void describe(FocalOptions& o, config::Fields& fields) {
  fields("gamma", o.gamma, "how much less what is guessed well counts; 0 is cross-entropy")
      .in(0, 10);
}

class Focal final : public SoftmaxLoss {
 public:
  Focal(const FocalOptions& options, LossContext context)
      : SoftmaxLoss(std::move(context)), gamma_(options.gamma) {}

  at::Tensor per_sample(const at::Tensor& logits, const at::Tensor& targets,
                        double label_smoothing) const override {
    const at::Tensor log_p = at::log_softmax(logits.to(at::kFloat), 1);
    const at::Tensor shares = shares_of(targets, log_p.size(1), label_smoothing);
    const at::Tensor lacking = -at::expm1(log_p);  // 1 - p
    return weighted(shares * power(lacking, gamma_) * -log_p).sum(1);
  }

 private:
  double gamma_;
};

}  // namespace

LossTable::Row focal_row() {
  return LossTable::row<FocalOptions>("focal",
                                      "cross-entropy in which what is guessed well counts little",
                                      [](const FocalOptions& options, const LossContext& context) {
                                        return std::make_shared<Focal>(options, context);
                                      });
}

}  // namespace stoker::losses

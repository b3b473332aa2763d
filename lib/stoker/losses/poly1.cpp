// poly1: sum_c w_c t_c (-log p_c + epsilon (1 - p_c)), p = softmax(logits): cross-entropy whose
// first polynomial coefficient is 1 + epsilon (Leng et al., "PolyLoss", ICLR 2022, equation 4).
#include <ATen/TensorOperators.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/log_softmax.h>

#include <utility>

#include "stoker/losses/families.h"

namespace stoker::losses {
namespace {

struct Poly1Options {
  double epsilon = 1;
};
void describe(Poly1Options& o, config::Fields& fields) {
  fields("epsilon", o.epsilon,
         "what is added to the coefficient of 1 - p; 0 is cross-entropy, above 0 asks for more "
         "confidence, below for less")
      .at_least(-1);
}

class Poly1 final : public SoftmaxLoss {
 public:
  Poly1(const Poly1Options& options, LossContext context)
      : SoftmaxLoss(std::move(context)), epsilon_(options.epsilon) {}

  at::Tensor per_sample(const at::Tensor& logits, const at::Tensor& targets,
                        double label_smoothing) const override {
    const at::Tensor log_p = at::log_softmax(logits.to(at::kFloat), 1);
    const at::Tensor shares = shares_of(targets, log_p.size(1), label_smoothing);
    const at::Tensor costs = epsilon_ * (1 - log_p.exp()) - log_p;
    return weighted(shares * costs).sum(1);
  }

 private:
  double epsilon_;
};

}  // namespace

LossTable::Row poly1_row() {
  return LossTable::row<Poly1Options>(
      "poly1", "cross-entropy plus epsilon times what the probability lacks of 1",
      [](const Poly1Options& options, const LossContext& context) {
        return std::make_shared<Poly1>(options, context);
      });
}

}  // namespace stoker::losses

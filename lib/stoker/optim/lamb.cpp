// LAMB: Adam whose move of each tensor is as long as the tensor times the rate (You et al., "Large
// batch optimization for deep learning", ICLR 2020, algorithm 2), as timm's Lamb computes it
// without its clipping (train.clip_grad_norm does that).
//
//   u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay p
//   p -= lr |p| / |u| u
//
// Tensors without weight decay (norms and biases by no_decay_norm_bias) move as Adam's.
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/pow.h>

#include <utility>

#include "stoker/optim/list_step.h"
#include "stoker/optim/refusals.h"
#include "stoker/optim/trust_ratio.h"

namespace stoker::optim {
namespace {

struct LambOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-6;
  bool trust_clip = false;
  bool always_adapt = false;
};

void describe(LambOptions& o, config::Fields& fields) {
  fields("lr", o.lr, "peak learning rate; the schedule multiplies it").positive();
  fields("beta1", o.beta1, "decay of the mean of the gradients").in(0, 1);
  fields("beta2", o.beta2, "decay of the mean of their squares").in(0, 1);
  fields("eps", o.eps, "added to the root of the mean square").positive();
  fields("trust_clip", o.trust_clip, "never lengthen a move: ratios of norms are 1 at most");
  fields("always_adapt", o.always_adapt, "ratios of norms for tensors without weight decay too");
}

class Lamb final : public FusedOptimizer {
 public:
  Lamb(const LambOptions& options, std::vector<ParameterGroup> groups)
      : FusedOptimizer(std::move(groups), options.lr,
                       {{.name = "exp_avg"},
                        {.name = "exp_avg_sq"},
                        {.name = "step", .shape = Shape::kScalar}}),
        options_(options) {}
  bool is_elementwise() const override { return false; }

 private:
  void update(const Lists& lists, double lr, double weight_decay,
              const StepOptions& options) override {
    const ListStep step(options);
    const std::vector<at::Tensor> gradients = step.gradients(lists);
    step.average(lists.state[0], gradients, options_.beta1);
    step.average(lists.state[1], at::_foreach_mul(gradients, gradients), options_.beta2);
    const at::Tensor t = step.count(lists.state[2]);

    std::vector<at::Tensor> moves = at::_foreach_mul(lists.state[0], 1);
    scale_each(moves, (1 - at::pow(options_.beta1, t)).reciprocal());
    std::vector<at::Tensor> roots = at::_foreach_sqrt(lists.state[1]);
    scale_each(roots, (1 - at::pow(options_.beta2, t)).rsqrt());
    at::_foreach_add_(roots, options_.eps);
    at::_foreach_div_(moves, roots);
    if (weight_decay != 0) at::_foreach_add_(moves, lists.parameters, weight_decay);
    if (weight_decay != 0 || options_.always_adapt) {
      const at::Tensor weights = norms_of(lists.parameters), updates = norms_of(moves);
      const at::Tensor ratio = trust_ratio(weights / updates, weights, updates);
      scale_each(moves, options_.trust_clip ? ratio.clamp_max(1) : ratio);
    }
    step.move(lists.parameters, moves, lr);
  }

  LambOptions options_;
};

std::unique_ptr<Optimizer> make_lamb(const LambOptions& options,
                                     std::vector<ParameterGroup> groups) {
  check_decay("beta1", options.beta1);
  check_decay("beta2", options.beta2);
  return std::make_unique<Lamb>(options, std::move(groups));
}

}  // namespace

OptimizerTable::Rows lamb_rows() {
  return {OptimizerTable::row<LambOptions>(
      "lamb", "Adam with rates by tensor, for large batches; weight decay counts in the rate",
      make_lamb)};
}

}  // namespace stoker::optim

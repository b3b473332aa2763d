// Lion: the sign of an average of gradients (Chen et al., "Symbolic discovery of optimization
// algorithms", NeurIPS 2023, program 1), with weight decay beside it. One state tensor where Adam
// has two; the rate is to be three to ten times smaller than Adam's and the decay as much larger.
//
//   p -= lr (sign(beta1 m + (1 - beta1) g) + weight_decay p);   m = beta2 m + (1 - beta2) g
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sign.h>

#include <utility>

#include "stoker/optim/list_step.h"
#include "stoker/optim/refusals.h"

namespace stoker::optim {
namespace {

struct LionOptions {
  double lr = 1e-4;
  double beta1 = 0.9;
  double beta2 = 0.99;
};

void describe(LionOptions& o, config::Fields& fields) {
  fields("lr", o.lr, "peak learning rate; the schedule multiplies it").positive();
  fields("beta1", o.beta1, "share of the mean in what the sign is taken of").in(0, 1);
  fields("beta2", o.beta2, "decay of the mean of the gradients").in(0, 1);
}

class Lion final : public FusedOptimizer {
 public:
  Lion(const LionOptions& options, std::vector<ParameterGroup> groups)
      : FusedOptimizer(std::move(groups), options.lr, {{.name = "exp_avg"}}), options_(options) {}

 private:
  void update(const Lists& lists, double lr, double weight_decay,
              const StepOptions& options) override {
    const ListStep step(options);
    const std::vector<at::Tensor> gradients = step.gradients(lists);
    step.scale(lists.parameters, 1 - lr * weight_decay);
    std::vector<at::Tensor> signs = at::_foreach_mul(lists.state[0], options_.beta1);
    at::_foreach_add_(signs, gradients, 1 - options_.beta1);
    at::_foreach_sign_(signs);
    step.average(lists.state[0], gradients, options_.beta2);
    step.move(lists.parameters, signs, lr);
  }

  LionOptions options_;
};

std::unique_ptr<Optimizer> make_lion(const LionOptions& options,
                                     std::vector<ParameterGroup> groups) {
  check_decay("beta2", options.beta2);
  return std::make_unique<Lion>(options, std::move(groups));
}

}  // namespace

OptimizerTable::Rows lion_rows() {
  return {OptimizerTable::row<LionOptions>(
      "lion", "the sign of an average of gradients; weight decay beside it", make_lion)};
}

}  // namespace stoker::optim

// NAdam: Adam with Nesterov's momentum (Dozat, "Incorporating Nesterov momentum into Adam", 2016),
// as torch.optim.NAdam computes it. With mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2) and M_t the
// product of mu up to t:
//
//   p -= lr ((1 - mu_t) / (1 - M_t) g + mu_{t+1} / (1 - M_{t+1}) m) / (sqrt(v / (1 - beta2^t)) +
//   eps)
#include <ATen/TensorOperators.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/stack.h>

#include <utility>

#include "stoker/optim/list_step.h"
#include "stoker/optim/refusals.h"

namespace stoker::optim {
namespace {

struct NadamOptions {
  double lr = 2e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double momentum_decay = 4e-3;
  bool decoupled = false;  // weight decay beside the gradient, not in it; the row's name says it
};

void describe(NadamOptions& o, config::Fields& fields) {
  fields("lr", o.lr, "peak learning rate; the schedule multiplies it").positive();
  fields("beta1", o.beta1, "decay of the mean of the gradients").in(0, 1);
  fields("beta2", o.beta2, "decay of the mean of their squares").in(0, 1);
  fields("eps", o.eps, "added to the root of the mean square").positive();
  fields("momentum_decay", o.momentum_decay, "how fast the momentum grows to beta1").at_least(0);
}

class Nadam final : public FusedOptimizer {
 public:
  Nadam(const NadamOptions& options, std::vector<ParameterGroup> groups)
      : FusedOptimizer(std::move(groups), options.lr,
                       {{.name = "exp_avg"},
                        {.name = "exp_avg_sq"},
                        {.name = "step", .shape = Shape::kScalar},
                        {.name = "mu_product", .shape = Shape::kScalar, .initial = 1}}),
        options_(options) {}

 private:
  void update(const Lists& lists, double lr, double weight_decay,
              const StepOptions& options) override {
    const ListStep step(options);
    if (options_.decoupled) step.scale(lists.parameters, 1 - lr * weight_decay);
    std::vector<at::Tensor> moves = step.gradients(lists, options_.decoupled ? 0 : weight_decay);
    step.average(lists.state[0], moves, options_.beta1);
    step.average(lists.state[1], at::_foreach_mul(moves, moves), options_.beta2);
    const at::Tensor t = step.count(lists.state[2]);
    const at::Tensor mu = momentum(t), next = momentum(t + 1);
    const at::Tensor before = at::stack(lists.state[3]).to(at::kDouble);
    const at::Tensor product = before * mu;
    at::_foreach_copy_(lists.state[3], step.pick(product, before).to(at::kFloat).unbind(0));

    scale_each(moves, (1 - mu) / (1 - product));
    std::vector<at::Tensor> ahead = at::_foreach_mul(lists.state[0], 1);
    scale_each(ahead, next / (1 - product * next));
    at::_foreach_add_(moves, ahead);
    std::vector<at::Tensor> roots = at::_foreach_sqrt(lists.state[1]);
    scale_each(roots, (1 - at::pow(options_.beta2, t)).rsqrt());
    at::_foreach_add_(roots, options_.eps);
    at::_foreach_div_(moves, roots);
    step.move(lists.parameters, moves, lr);
  }

  at::Tensor momentum(const at::Tensor& t) const {
    return options_.beta1 * (1 - 0.5 * at::pow(0.96, t * options_.momentum_decay));
  }

  NadamOptions options_;
};

std::unique_ptr<Optimizer> make_nadam(const NadamOptions& options,
                                      std::vector<ParameterGroup> groups) {
  check_decay("beta1", options.beta1);
  check_decay("beta2", options.beta2);
  return std::make_unique<Nadam>(options, std::move(groups));
}

}  // namespace

OptimizerTable::Rows nadam_rows() {
  return {OptimizerTable::row<NadamOptions>(
              "nadam", "Adam with Nesterov's momentum; weight decay goes into the gradient",
              make_nadam),
          OptimizerTable::row<NadamOptions>("nadamw", "NAdam with weight decay beside the gradient",
                                            make_nadam, {.decoupled = true},
                                            CommonOptions{.weight_decay = 0.01})};
}

}  // namespace stoker::optim

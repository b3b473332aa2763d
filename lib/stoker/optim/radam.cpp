// RAdam: Adam that moves by the mean alone until its second moment can be trusted (Liu et al., "On
// the variance of the adaptive learning rate and beyond", ICLR 2020, algorithm 2), as
// torch.optim.RAdam computes it. It does without a warmup of the rate.
//
//   rho = 2 / (1 - beta2) - 1;  rho_t = rho - 2 t beta2^t / (1 - beta2^t)
//   rho_t > 5:  p -= lr r_t m / (1 - beta1^t) sqrt(1 - beta2^t) / (sqrt(v) + eps)
//   else:       p -= lr m / (1 - beta1^t)
//   r_t = sqrt((rho_t - 4) (rho_t - 2) rho / ((rho - 4) (rho - 2) rho_t))
#include <ATen/TensorOperators.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_reciprocal.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/where.h>

#include <utility>

#include "stoker/optim/list_step.h"
#include "stoker/optim/refusals.h"

namespace stoker::optim {
namespace {

struct RadamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  bool decoupled = false;  // weight decay beside the gradient, not in it; the row's name says it
};

void describe(RadamOptions& o, config::Fields& fields) {
  fields("lr", o.lr, "peak learning rate; the schedule multiplies it").positive();
  fields("beta1", o.beta1, "decay of the mean of the gradients").in(0, 1);
  fields("beta2", o.beta2, "decay of the mean of their squares").in(0, 1);
  fields("eps", o.eps, "added to the root of the mean square").positive();
}

class Radam final : public FusedOptimizer {
 public:
  Radam(const RadamOptions& options, std::vector<ParameterGroup> groups)
      : FusedOptimizer(std::move(groups), options.lr,
                       {{.name = "exp_avg"},
                        {.name = "exp_avg_sq"},
                        {.name = "step", .shape = Shape::kScalar}}),
        options_(options) {}

 private:
  void update(const Lists& lists, double lr, double weight_decay,
              const StepOptions& options) override {
    const ListStep step(options);
    if (options_.decoupled) step.scale(lists.parameters, 1 - lr * weight_decay);
    const std::vector<at::Tensor> gradients =
        step.gradients(lists, options_.decoupled ? 0 : weight_decay);
    step.average(lists.state[0], gradients, options_.beta1);
    step.average(lists.state[1], at::_foreach_mul(gradients, gradients), options_.beta2);
    const at::Tensor t = step.count(lists.state[2]);

    const at::Tensor left1 = 1 - at::pow(options_.beta1, t), left2 = 1 - at::pow(options_.beta2, t);
    const double rho = 2 / (1 - options_.beta2) - 1;
    const at::Tensor rho_t = rho - 2 * t * (1 - left2) / left2;
    const at::Tensor is_trusted = rho_t > 5;
    const at::Tensor rectified =
        ((rho_t - 4) * (rho_t - 2) * rho / ((rho - 4) * (rho - 2) * rho_t) * left2).sqrt();
    // Each is m (a / (sqrt(v) + eps) + b): a of those to be trusted, b of the others.
    std::vector<at::Tensor> moves = at::_foreach_sqrt(lists.state[1]);
    at::_foreach_add_(moves, options_.eps);
    at::_foreach_reciprocal_(moves);
    scale_each(moves, at::where(is_trusted, rectified / left1, 0.0));
    add_each(moves, at::where(is_trusted, 0.0, 1 / left1));
    at::_foreach_mul_(moves, lists.state[0]);
    step.move(lists.parameters, moves, lr);
  }

  RadamOptions options_;
};

std::unique_ptr<Optimizer> make_radam(const RadamOptions& options,
                                      std::vector<ParameterGroup> groups) {
  check_decay("beta1", options.beta1);
  check_decay("beta2", options.beta2);
  return std::make_unique<Radam>(options, std::move(groups));
}

}  // namespace

OptimizerTable::Rows radam_rows() {
  return {
      OptimizerTable::row<RadamOptions>(
          "radam", "Adam that warms up by itself; weight decay goes into the gradient", make_radam),
      OptimizerTable::row<RadamOptions>("radamw", "RAdam with weight decay beside the gradient",
                                        make_radam, {.decoupled = true},
                                        CommonOptions{.weight_decay = 0.01})};
}

}  // namespace stoker::optim

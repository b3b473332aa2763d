// RMSprop (Hinton, "Neural networks for machine learning", lecture 6e, 2012) as torch.optim.RMSprop
// computes it, and as TensorFlow does, which EfficientNets and MobileNets were trained with: the
// mean square begins at one, eps stands under the root, and the velocity is of moves, rate
// included, so that it lags behind the schedule.
//
//   v = alpha v + (1 - alpha) g^2;   d = sqrt(v) + eps;   m = momentum m + g / d;      p -= lr m
//   TensorFlow's:                    d = sqrt(v + eps);   m = momentum m + lr g / d;   p -= m
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_clamp_min.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>

#include <utility>

#include "stoker/optim/list_step.h"
#include "stoker/optim/refusals.h"

namespace stoker::optim {
namespace {

struct RmspropOptions {
  double lr = 0.01;
  double alpha = 0.99;
  double eps = 1e-8;
  double momentum = 0;
  bool centered = false;
  bool decoupled_decay = false;
  bool is_tensorflow = false;  // the row's name says it
};

void describe(RmspropOptions& o, config::Fields& fields) {
  fields("lr", o.lr, "peak learning rate; the schedule multiplies it").positive();
  fields("alpha", o.alpha, "decay of the mean of the gradients' squares").in(0, 1);
  fields("eps", o.eps, "added to the root of the mean square; under it in TensorFlow's").positive();
  fields("momentum", o.momentum, "decay of the velocity; 0: none").in(0, 1);
  fields("centered", o.centered,
         "divide by the standard deviation instead of the root mean square");
  fields("decoupled_decay", o.decoupled_decay,
         "weight decay beside the gradient, times lr, instead of in it");
}

class Rmsprop final : public FusedOptimizer {
 public:
  Rmsprop(const RmspropOptions& options, std::vector<ParameterGroup> groups)
      : FusedOptimizer(std::move(groups), options.lr, kinds(options)), options_(options) {}

 private:
  static std::vector<StateKind> kinds(const RmspropOptions& options) {
    std::vector<StateKind> kinds{
        {.name = "square_avg", .initial = options.is_tensorflow ? 1.0 : 0.0}};
    if (options.centered) kinds.push_back({.name = "grad_avg"});
    if (options.momentum > 0) kinds.push_back({.name = "momentum"});
    return kinds;
  }

  void update(const Lists& lists, double lr, double weight_decay,
              const StepOptions& options) override {
    const ListStep step(options);
    if (options_.decoupled_decay) step.scale(lists.parameters, 1 - lr * weight_decay);
    std::vector<at::Tensor> gradients =
        step.gradients(lists, options_.decoupled_decay ? 0 : weight_decay);
    step.average(lists.state[0], at::_foreach_mul(gradients, gradients), options_.alpha);
    if (options_.centered) step.average(lists.state[1], gradients, options_.alpha);
    at::_foreach_div_(gradients, roots(lists));
    if (options_.momentum == 0) return step.move(lists.parameters, gradients, lr);
    const std::vector<at::Tensor>& velocity = lists.state.back();
    step.accumulate(velocity, gradients, options_.momentum, options_.is_tensorflow ? lr : 1);
    step.move(lists.parameters, at::_foreach_mul(velocity, 1), options_.is_tensorflow ? 1 : lr);
  }

  std::vector<at::Tensor> roots(const Lists& lists) const {
    std::vector<at::Tensor> roots =
        at::_foreach_add(lists.state[0], options_.is_tensorflow ? options_.eps : 0);
    if (options_.centered) {
      at::_foreach_addcmul_(roots, lists.state[1], lists.state[1], -1);
      at::_foreach_clamp_min_(roots, 0);  // a variance below zero is rounding
    }
    at::_foreach_sqrt_(roots);
    if (!options_.is_tensorflow) at::_foreach_add_(roots, options_.eps);
    return roots;
  }

  RmspropOptions options_;
};

std::unique_ptr<Optimizer> make_rmsprop(const RmspropOptions& options,
                                        std::vector<ParameterGroup> groups) {
  check_decay("alpha", options.alpha);
  return std::make_unique<Rmsprop>(options, std::move(groups));
}

}  // namespace

OptimizerTable::Rows rmsprop_rows() {
  return {OptimizerTable::row<RmspropOptions>(
              "rmsprop", "gradients over the root of their mean square", make_rmsprop),
          OptimizerTable::row<RmspropOptions>(
              "rmsprop_tf", "RMSprop as TensorFlow computes it, for EfficientNets and MobileNets",
              make_rmsprop, {.alpha = 0.9, .eps = 1e-10, .momentum = 0.9, .is_tensorflow = true})};
}

}  // namespace stoker::optim

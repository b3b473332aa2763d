#include "stoker/optim/adam.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>

#include <utility>

#include "stoker/optim/fused.h"
#include "stoker/optim/refusals.h"

namespace stoker::optim {
namespace {

class Adam final : public FusedOptimizer {
 public:
  Adam(const AdamOptions& options, std::vector<ParameterGroup> groups)
      : FusedOptimizer(std::move(groups), options.lr,
                       {{"exp_avg"}, {"exp_avg_sq"}, {"step", Shape::kScalar}}),
        options_(options) {}

 private:
  void update(const Lists& lists, double lr, double weight_decay,
              const StepOptions& options) override {
    const std::vector<at::Tensor>& steps = lists.state[2];
    at::_foreach_add_(steps, 1);
    const auto fused = [&](auto kernel) {
      kernel(lists.parameters, lists.gradients, lists.state[0], lists.state[1],
             /*max_exp_avg_sqs=*/at::TensorList(), steps, lr, options_.beta1, options_.beta2,
             weight_decay, options_.eps, /*amsgrad=*/false, /*maximize=*/false, options.grad_scale,
             options.found_inf);
    };
    if (options_.decoupled) {
      fused([](auto&&... args) { at::_fused_adamw_(args...); });
    } else {
      fused([](auto&&... args) { at::_fused_adam_(args...); });
    }
    // The kernel left the update out, so the step did not happen either.
    if (options.found_inf)
      at::_foreach_sub_(steps, std::vector<at::Tensor>(steps.size(), *options.found_inf));
  }

  AdamOptions options_;
};

}  // namespace

void describe(AdamOptions& options, config::Fields& fields) {
  fields("lr", options.lr, "peak learning rate; the schedule multiplies it").positive();
  fields("beta1", options.beta1, "decay of the mean of the gradients").in(0, 1);
  fields("beta2", options.beta2, "decay of the mean of their squares").in(0, 1);
  fields("eps", options.eps, "added to the root of the mean square").positive();
}

std::unique_ptr<Optimizer> make_adam(const AdamOptions& options,
                                     std::vector<ParameterGroup> groups) {
  check_decay("beta1", options.beta1);
  check_decay("beta2", options.beta2);
  return std::make_unique<Adam>(options, std::move(groups));
}

OptimizerTable::Rows adam_rows() {
  return {OptimizerTable::row<AdamOptions>("adam", "Adam; weight decay goes into the gradient",
                                           make_adam),
          OptimizerTable::row<AdamOptions>("adamw", "Adam with weight decay beside the gradient",
                                           make_adam, {.decoupled = true},
                                           CommonOptions{.weight_decay = 0.01})};
}

}  // namespace stoker::optim

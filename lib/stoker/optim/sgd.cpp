#include "stoker/optim/sgd.h"

#include <ATen/ops/_fused_sgd.h>

#include <utility>

#include "stoker/core/error.h"
#include "stoker/optim/fused.h"

namespace stoker::optim {
namespace {

class Sgd final : public FusedOptimizer {
 public:
  Sgd(const SgdOptions& options, std::vector<ParameterGroup> groups)
      : FusedOptimizer(
            std::move(groups), options.lr,
            options.momentum > 0 ? std::vector<StateKind>{{"momentum"}} : std::vector<StateKind>{}),
        momentum_(options.momentum),
        nesterov_(options.nesterov) {}

 private:
  // A velocity that starts at zero makes the first step no special case.
  void update(const Lists& lists, double lr, double weight_decay,
              const StepOptions& options) override {
    const at::TensorList velocity =
        momentum_ > 0 ? at::TensorList(lists.state[0]) : at::TensorList();
    at::_fused_sgd_(lists.parameters, lists.gradients, velocity, weight_decay, momentum_, lr,
                    /*dampening=*/0, nesterov_, /*maximize=*/false, /*is_first_step=*/false,
                    options.grad_scale, options.found_inf);
  }

  double momentum_;
  bool nesterov_;
};

}  // namespace

void describe(SgdOptions& options, config::Fields& fields) {
  fields("lr", options.lr, "peak learning rate; the schedule multiplies it").positive();
  fields("momentum", options.momentum, "decay of the velocity").in(0, 1);
  fields("nesterov", options.nesterov, "look ahead along the velocity");
}

std::unique_ptr<Optimizer> make_sgd(const SgdOptions& options, std::vector<ParameterGroup> groups) {
  if (options.nesterov && options.momentum == 0) {
    throw ConfigError(
        "optimizer.nesterov: true needs a momentum above 0. Set optimizer.momentum, say to 0.9.");
  }
  return std::make_unique<Sgd>(options, std::move(groups));
}

OptimizerTable::Row sgd_row() {
  return OptimizerTable::row<SgdOptions>("sgd", "stochastic gradient descent with momentum",
                                         make_sgd);
}

}  // namespace stoker::optim

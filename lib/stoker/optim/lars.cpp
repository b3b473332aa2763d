// LARS: SGD whose rate follows the norm of each tensor (You et al., "Large batch training of
// convolutional networks", 2017, algorithm 1), as timm's Lars computes it; with trust_clip LARC,
// which never raises the rate.
//
//   ratio = trust_coefficient |p| / (|g| + weight_decay |p| + eps)
//   v = momentum v + ratio (g + weight_decay p);  p -= lr v
//
// Tensors without weight decay (norms and biases by no_decay_norm_bias) learn as SGD's.
#include <ATen/TensorOperators.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>

#include <utility>

#include "stoker/core/error.h"
#include "stoker/optim/list_step.h"
#include "stoker/optim/trust_ratio.h"

namespace stoker::optim {
namespace {

struct LarsOptions {
  double lr = 1;
  double momentum = 0.9;
  bool nesterov = false;
  double trust_coefficient = 0.001;
  double eps = 1e-8;
  bool trust_clip = false;
  bool always_adapt = false;
};

void describe(LarsOptions& o, config::Fields& fields) {
  fields("lr", o.lr, "peak learning rate; the schedule multiplies it").positive();
  fields("momentum", o.momentum, "decay of the velocity").in(0, 1);
  fields("nesterov", o.nesterov, "look ahead along the velocity");
  fields("trust_coefficient", o.trust_coefficient, "times the ratio of norms").positive();
  fields("eps", o.eps, "added to the ratio's denominator").positive();
  fields("trust_clip", o.trust_clip, "LARC: rates by tensor are lr at most");
  fields("always_adapt", o.always_adapt, "rates by tensor for those without weight decay too");
}

class Lars final : public FusedOptimizer {
 public:
  Lars(const LarsOptions& options, std::vector<ParameterGroup> groups)
      : FusedOptimizer(std::move(groups), options.lr, kinds(options)), options_(options) {}
  bool is_elementwise() const override { return false; }

 private:
  static std::vector<StateKind> kinds(const LarsOptions& options) {
    if (options.momentum == 0) return {};
    return {{.name = "momentum"}};
  }

  void update(const Lists& lists, double lr, double weight_decay,
              const StepOptions& options) override {
    const ListStep step(options);
    std::vector<at::Tensor> moves = step.gradients(lists);
    if (weight_decay != 0 || options_.always_adapt) {
      const at::Tensor weights = norms_of(lists.parameters), updates = norms_of(moves);
      const at::Tensor ratio = trust_ratio(
          options_.trust_coefficient * weights / (updates + weight_decay * weights + options_.eps),
          weights, updates);
      at::_foreach_add_(moves, lists.parameters, weight_decay);
      scale_each(moves, options_.trust_clip ? (ratio / lr).clamp_max(1) : ratio);
      step.mask(moves);
    }
    if (options_.momentum > 0) {
      const std::vector<at::Tensor>& velocity = lists.state[0];
      step.accumulate(velocity, moves, options_.momentum);
      if (options_.nesterov) {
        at::_foreach_add_(moves, velocity, options_.momentum);
      } else {
        moves = at::_foreach_mul(velocity, 1);
      }
    }
    step.move(lists.parameters, moves, lr);
  }

  LarsOptions options_;
};

std::unique_ptr<Optimizer> make_lars(const LarsOptions& options,
                                     std::vector<ParameterGroup> groups) {
  if (options.nesterov && options.momentum == 0) {
    throw ConfigError(
        "optimizer.nesterov: true needs a momentum above 0. Set optimizer.momentum, say to 0.9.");
  }
  return std::make_unique<Lars>(options, std::move(groups));
}

}  // namespace

OptimizerTable::Rows lars_rows() {
  return {OptimizerTable::row<LarsOptions>(
      "lars", "SGD with rates by tensor, for large batches; weight decay counts in the rate",
      make_lars)};
}

}  // namespace stoker::optim

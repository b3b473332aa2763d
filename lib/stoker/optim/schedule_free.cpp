// Schedule-free SGD and AdamW (Defazio et al., "The road less scheduled", NeurIPS 2024, equations 3
// to 5 and algorithm 1): a mean of the weights so far takes the place of a rate that falls.
// Gradients are taken at the parameters y, between the weights z that the rule moves and their mean
// x, which is what is evaluated and saved.
//
//   y = (1 - beta) z + beta x;  u = g + weight_decay y                       (SGD)
//                               v = beta2 v + (1 - beta2) g^2
//                               u = g / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay y   (AdamW)
//   z = z - lr u;  x = (1 - c) x + c z,  c = max(lr)^2 / sum over the steps of that
//
// y and z are kept; x = y + (1 / beta - 1) (y - z).
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/stack.h>

#include <map>
#include <string>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/optim/list_step.h"
#include "stoker/optim/refusals.h"

namespace stoker::optim {
namespace {

struct ScheduleFreeSgdOptions {
  double lr = 1;
  double beta = 0.9;
};

void describe(ScheduleFreeSgdOptions& o, config::Fields& fields) {
  fields("lr", o.lr, "learning rate after the warmup; the schedule should be constant").positive();
  fields("beta", o.beta, "where between the moved weights and their mean gradients are taken")
      .above(0)
      .at_most(1);
}

struct ScheduleFreeAdamwOptions {
  double lr = 2.5e-3;
  double beta = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
};

void describe(ScheduleFreeAdamwOptions& o, config::Fields& fields) {
  fields("lr", o.lr, "learning rate after the warmup; the schedule should be constant").positive();
  fields("beta", o.beta, "where between the moved weights and their mean gradients are taken")
      .above(0)
      .at_most(1);
  fields("beta2", o.beta2, "decay of the mean of the gradients' squares").in(0, 1);
  fields("eps", o.eps, "added to the root of the mean square").positive();
}

// Of all that either needs.
struct Rule {
  double lr = 0, beta = 0;
  bool is_adam = false;
  double beta2 = 0, eps = 0;
};

at::Tensor clone_of(const at::Tensor& parameter) { return parameter.clone(); }

class ScheduleFree final : public FusedOptimizer {
 public:
  ScheduleFree(const Rule& rule, std::vector<ParameterGroup> groups)
      : FusedOptimizer(std::move(groups), rule.lr, kinds(rule)), rule_(rule) {}

  NamedTensors evaluation_weights() override {
    const at::NoGradGuard no_grad;
    const NamedTensors state = this->state();
    const std::map<std::string, at::Tensor> by_name(state.begin(), state.end());
    NamedTensors means;
    for (const ParameterGroup& group : groups()) {
      for (const auto& [name, parameter] : group.parameters) {
        const at::Tensor y = parameter.detach();
        const at::Tensor away = y - by_name.at("z/" + name);
        means.emplace_back(name, (y + away * (1 / rule_.beta - 1)).to(y.scalar_type()));
      }
    }
    return means;
  }

 private:
  static std::vector<StateKind> kinds(const Rule& rule) {
    std::vector<StateKind> kinds{{.name = "z", .make = clone_of},
                                 {.name = "weight_sum", .shape = Shape::kScalar},
                                 {.name = "lr_max", .shape = Shape::kScalar}};
    if (!rule.is_adam) return kinds;
    kinds.push_back({.name = "exp_avg_sq"});
    kinds.push_back({.name = "step", .shape = Shape::kScalar});
    return kinds;
  }

  void update(const Lists& lists, double lr, double weight_decay,
              const StepOptions& options) override {
    const ListStep step(options);
    std::vector<at::Tensor> moves = step.gradients(lists, rule_.is_adam ? 0 : weight_decay);
    if (rule_.is_adam) {
      normalize(step, lists, moves);
      if (weight_decay != 0) at::_foreach_add_(moves, lists.parameters, weight_decay);
      step.mask(moves);
    }
    const at::Tensor c = share_of_step(step, lists, lr);
    const std::vector<at::Tensor>& z = lists.state[0];
    std::vector<at::Tensor> towards = at::_foreach_sub(z, lists.parameters);
    scale_each(towards, c);
    std::vector<at::Tensor> along = at::_foreach_mul(moves, lr);
    scale_each(along, rule_.beta * (1 - c) - 1);
    at::_foreach_add_(towards, along);
    step.move(lists.parameters, towards, -1);
    at::_foreach_add_(z, moves, -lr);
  }

  void normalize(const ListStep& step, const Lists& lists, at::TensorList gradients) const {
    const std::vector<at::Tensor>& squares = lists.state[3];
    step.average(squares, at::_foreach_mul(gradients, gradients), rule_.beta2);
    const at::Tensor t = step.count(lists.state[4]);
    std::vector<at::Tensor> roots = at::_foreach_sqrt(squares);
    scale_each(roots, (1 - at::pow(rule_.beta2, t)).rsqrt());
    at::_foreach_add_(roots, rule_.eps);
    at::_foreach_div_(gradients, roots);
  }

  // What this step's z counts in the mean, float64 [n].
  static at::Tensor share_of_step(const ListStep& step, const Lists& lists, double lr) {
    const at::Tensor sum = at::stack(lists.state[1]).to(at::kDouble);
    const at::Tensor largest = at::stack(lists.state[2]).to(at::kDouble);
    const at::Tensor next = largest.clamp_min(lr);
    const at::Tensor weight = next.square();
    at::_foreach_copy_(lists.state[1], step.pick(sum + weight, sum).to(at::kFloat).unbind(0));
    at::_foreach_copy_(lists.state[2], step.pick(next, largest).to(at::kFloat).unbind(0));
    return weight / (sum + weight).clamp_min(1e-300);  // a rate of zero moves nothing
  }

  Rule rule_;
};

std::unique_ptr<Optimizer> make_schedule_free_sgd(const ScheduleFreeSgdOptions& options,
                                                  std::vector<ParameterGroup> groups) {
  return std::make_unique<ScheduleFree>(Rule{.lr = options.lr, .beta = options.beta},
                                        std::move(groups));
}

std::unique_ptr<Optimizer> make_schedule_free_adamw(const ScheduleFreeAdamwOptions& options,
                                                    std::vector<ParameterGroup> groups) {
  check_decay("beta2", options.beta2);
  return std::make_unique<ScheduleFree>(Rule{.lr = options.lr,
                                             .beta = options.beta,
                                             .is_adam = true,
                                             .beta2 = options.beta2,
                                             .eps = options.eps},
                                        std::move(groups));
}

}  // namespace

OptimizerTable::Rows schedule_free_rows() {
  return {OptimizerTable::row<ScheduleFreeSgdOptions>(
              "schedule_free_sgd", "SGD whose mean weights take the place of a schedule",
              make_schedule_free_sgd),
          OptimizerTable::row<ScheduleFreeAdamwOptions>(
              "schedule_free_adamw", "AdamW whose mean weights take the place of a schedule",
              make_schedule_free_adamw, {}, CommonOptions{.weight_decay = 0.01})};
}

}  // namespace stoker::optim

// Optimizers on LibTorch's multi-tensor kernels, and the table of those a config can choose.
//
//   auto optimizer = build_optimizer(options.optimizer, std::move(groups));   // build.h
//   optimizer->step({.lr_factor = schedule(step)});
//   optimizer->zero_grad();
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/config/choice.h"
#include "stoker/core/error.h"
#include "stoker/dist/group.h"
#include "stoker/weights/named_tensors.h"

namespace stoker::optim {

using weights::NamedTensors;

// Where a model begins and ends, as prefixes of its parameters' names.
struct ModelParts {
  std::vector<std::string> first_layer;
  std::string head;  // empty: it has none
};
bool is_in_first_layer(const ModelParts& parts, std::string_view name);
bool is_in_head(const ModelParts& parts, std::string_view name);

struct ParameterGroup {
  NamedTensors parameters;
  double lr_factor = 1;  // times the optimizer's lr and the schedule
  double weight_decay = 0;
  config::Choice optimizer = {};  // of group_optimizers(); empty: the run's
  ModelParts parts = {};          // of the model; optimizers and clipping may leave them out
};

struct StepOptions {
  double lr_factor = 1;  // of the schedule
  // From a gradient scaler: gradients are divided by grad_scale (float32 scalar tensor), and the
  // update is left out where found_inf (float32 scalar tensor) is 1. Both or neither.
  std::optional<at::Tensor> grad_scale;
  std::optional<at::Tensor> found_inf;
};

// Memory ran out when some parameters had moved and others had not.
class TornUpdate : public OutOfMemory {
 public:
  TornUpdate()
      : OutOfMemory(
            "memory ran out in the middle of an update: the weights are neither those before it "
            "nor "
            "those after. Go on from the last checkpoint with --resume.") {}
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // One update from the parameters' gradients; parameters without one are left alone. Where memory
  // runs out nothing has moved; else TornUpdate is thrown.
  virtual void step(const StepOptions& options) = 0;
  virtual void zero_grad() = 0;  // drops the gradients (set to none)
  virtual double base_lr() const = 0;
  // Live state tensors by name ("momentum/<parameter>", "exp_avg/<parameter>", "step/<parameter>").
  // All of them exist from construction on, so that saving before the first step is no special
  // case.
  virtual NamedTensors state() = 0;
  // Copies into state() by name; throws DataError listing every missing, unexpected and mis-shaped
  // tensor.
  virtual void load_state(const NamedTensors& state) = 0;
  // Of the parameters, or this rank's parts of them, that have the gradients.
  virtual const std::vector<ParameterGroup>& groups() const = 0;
  // Whether a value's move depends on that value's gradients alone, so that parts of a parameter
  // can be moved by themselves.
  virtual bool is_elementwise() const { return true; }
  // Weights to evaluate and save in place of the parameters, by their names: those of this moment;
  // nothing where the parameters themselves are meant.
  virtual NamedTensors evaluation_weights() { return {}; }
  // Where ranks have parts of the state: makes state() whole on the first, and lets go of it
  // again. All ranks call both.
  virtual void gather_state() {}
  virtual void drop_gathered() {}
  // What this rank keeps.
  virtual NamedTensors own_state() { return state(); }

  // What brings gradients of `parameters` from the ranks of `group` to groups().
  virtual std::unique_ptr<dist::GradientExchange> exchange(dist::Group& group,
                                                           const NamedTensors& parameters) {
    return group.exchange(parameters);
  }
  // Where ranks have parts of the gradients: the norm of all by that of the own ones, and whether
  // any is not finite (a float32 scalar, 1 or 0), in place. All ranks call them.
  virtual at::Tensor norm_of_all(const at::Tensor& own) { return own; }
  virtual void share_found_inf(at::Tensor& found_inf) { (void)found_inf; }
  // Of a model's tensors those whose values are at hand: where ranks have parts of the parameters,
  // the whole ones that gather_state() made stand for them, or nothing.
  virtual NamedTensors at_hand(NamedTensors tensors) { return tensors; }
};

using OptimizerTable = config::Table<std::unique_ptr<Optimizer>(std::vector<ParameterGroup>)>;
const OptimizerTable& optimizers();
// The same rows with InnerOptions in place of the common ones, for some of a run's parameters.
const OptimizerTable& group_optimizers();
// Without those that divide parameters among several themselves (muon).
const OptimizerTable& plain_optimizers();

struct InnerOptions {
  std::optional<double> weight_decay;  // none: the run's
};
void describe(InnerOptions& options, config::Fields& fields);
// What `inner`, of group_optimizers() or empty, decays by where the run's optimizer decays by
// weight_decay.
double inner_decay(const config::Choice& inner, double weight_decay);

// `optimizer.groups` in a config: the first entry whose `match` (ECMAScript regular expression,
// searched anywhere) finds something in the parameter's name decides its factors and, where it
// names one, its optimizer.
struct GroupOptions {
  std::string match;
  double lr_factor = 1;
  double decay_factor = 1;
  config::Choice optimizer = {};  // empty: the run's
};
void describe(GroupOptions& options, config::Fields& fields);

struct LookaheadOptions {
  std::optional<int64_t> every_steps;  // none: no lookahead
  double alpha = 0.5;
};
void describe(LookaheadOptions& options, config::Fields& fields);

// What every row of the table has beside its own options: how parameters are grouped, and the decay
// and rate of the groups.  config.optimizer.common<optim::CommonOptions>().weight_decay
struct CommonOptions {
  double weight_decay = 0;
  bool no_decay_norm_bias = false;
  double layer_decay = 1;  // of the rate, from each layer to the one below; see layer_decay.h
  LookaheadOptions lookahead;
  std::vector<GroupOptions> groups;
};
void describe(CommonOptions& options, config::Fields& fields);

// no_decay_norm_bias: parameters of one dimension or fewer, positions and tokens get no weight
// decay unless an entry matches. layer_decay is not looked at (layer_decay.h). Throws ConfigError
// for an entry that decides for no parameter, and for a bad expression.
std::vector<ParameterGroup> make_groups(const NamedTensors& parameters,
                                        const CommonOptions& options);

}  // namespace stoker::optim

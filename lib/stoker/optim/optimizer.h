// Optimizers on LibTorch's fused kernels, and the table of those a config can choose.
//
//   auto optimizer = optimizers().build(options.optimizer, std::move(groups));
//   optimizer->step({.lr_factor = schedule(step)});
//   optimizer->zero_grad();
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stoker/config/choice.h"
#include "stoker/core/error.h"
#include "stoker/weights/named_tensors.h"

namespace stoker::optim {

using weights::NamedTensors;

struct ParameterGroup {
  NamedTensors parameters;
  double lr_factor = 1;  // times the optimizer's lr and the schedule
  double weight_decay = 0;
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
  virtual const std::vector<ParameterGroup>& groups() const = 0;
  // Where ranks have parts of the state: makes state() whole on the first. All ranks call it.
  virtual void gather_state() {}
  // What this rank keeps.
  virtual NamedTensors own_state() { return state(); }
};

using OptimizerTable = config::Table<std::unique_ptr<Optimizer>(std::vector<ParameterGroup>)>;
const OptimizerTable& optimizers();  // sgd, adam, adamw

// `optimizer.groups` in a config: the first entry whose `match` (ECMAScript regular expression,
// searched anywhere) finds something in the parameter's name decides its factors.
struct GroupOptions {
  std::string match;
  double lr_factor = 1;
  double decay_factor = 1;
};
void describe(GroupOptions& options, config::Fields& fields);

// What every row of the table has beside its own options: how parameters are grouped, and the decay
// and rate of the groups.  config.optimizer.common<optim::CommonOptions>().weight_decay
struct CommonOptions {
  double weight_decay = 0;
  bool no_decay_norm_bias = false;
  double layer_decay = 1;  // of the rate, from each layer to the one below; see layer_decay.h
  std::vector<GroupOptions> groups;
};
void describe(CommonOptions& options, config::Fields& fields);

// no_decay_norm_bias: parameters of one dimension or fewer get no weight decay, unless an entry
// matches. layer_decay is not looked at (layer_decay.h). Throws ConfigError for an entry that
// decides for no parameter, and for a bad expression.
std::vector<ParameterGroup> make_groups(const NamedTensors& parameters,
                                        const CommonOptions& options);

}  // namespace stoker::optim

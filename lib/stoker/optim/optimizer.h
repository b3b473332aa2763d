// Optimizers on LibTorch's fused kernels, and the table of those a config can choose.
//
//   auto optimizer = optimizers().build(options.optimizer, std::move(groups));
//   optimizer->step({.lr_factor = schedule.factor(progress)});
//   optimizer->zero_grad();
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stoker/config/choice.h"

namespace stoker::optim {

// Names with tensors, in a stable order.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

struct ParameterGroup {
  NamedTensors parameters;
  double lr_factor = 1;     // times the optimizer's lr and the schedule
  double decay_factor = 1;  // times the optimizer's weight_decay
};

struct StepOptions {
  double lr_factor = 1;  // of the schedule
  // From a gradient scaler: gradients are divided by grad_scale (float32 scalar tensor), and the
  // update is left out where found_inf (float32 scalar tensor) is 1. Both or neither.
  std::optional<at::Tensor> grad_scale;
  std::optional<at::Tensor> found_inf;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // One update from the parameters' gradients; parameters without one are left alone.
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

// no_decay_norm_bias: parameters of one dimension or fewer get decay_factor 0, unless an entry
// matches. Throws ConfigError for an entry that decides for no parameter, and for a bad expression.
std::vector<ParameterGroup> make_groups(const NamedTensors& parameters,
                                        const std::vector<GroupOptions>& groups,
                                        bool no_decay_norm_bias);

// The groups and no_decay_norm_bias options that every optimizer row shares, read from a choice.
struct CommonOptions {
  double weight_decay = 0;
  bool no_decay_norm_bias = false;
  double layer_decay = 1;  // of the rate, from each layer to the one below; see layer_decay.h
  std::vector<GroupOptions> groups;
};
const CommonOptions& common_options(const config::Choice& optimizer);
// Names the fields of CommonOptions among those of the row that holds them.
void describe_common(CommonOptions& options, config::Fields& fields);

}  // namespace stoker::optim

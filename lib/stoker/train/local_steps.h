// Local SGD: ranks take some steps by themselves, each with its share of the batch, and then take
// the mean of their weights (Stich 2019, "Local SGD Converges Fast and Communicates Little"; after
// some epochs of exchanged gradients: Lin et al. 2020, "Don't Use Large Mini-Batches, Use Local
// SGD"). The optimizer's state, running statistics and algorithms' averages become means as well
// (as Yu et al. 2019, "On the Linear Speedup Analysis of Communication Efficient Momentum SGD", do
// with momentum), so that all ranks are alike then and a checkpoint is the state of each.
//
//   if (rule.is_local(step)) …take it alone…
//   if (rule.averages_at(step + 1)) average_over_ranks(state, algorithms, group);
#pragma once

#include <cstdint>
#include <optional>

#include "stoker/dist/group.h"
#include "stoker/train/events.h"
#include "stoker/train/options.h"
#include "stoker/train/plan.h"

namespace stoker::train {

struct LocalOptions {
  int64_t steps = 0;  // 0: ranks exchange gradients at each step
  double after = 0;   // epochs of that before
};

// Which steps are local, and when means are taken: a function of the options and the step alone, so
// that a run that goes on takes them when one that was let be does.
class LocalRule {
 public:
  LocalRule() = default;  // no step is local
  LocalRule(const LocalOptions& local, const StepPlan& plan, const TrainOptions& train,
            const EvalOptions& eval, const CheckpointOptions& checkpoint);

  // The one behind `step` steps.
  bool is_local(int64_t step) const { return every_ > 0 && step >= first_; }
  // After `step` steps: each `steps` of them, and wherever something looks at the weights.
  bool averages_at(int64_t step) const;
  // Whether all ranks are alike after `step` steps, so that they may save, evaluate and stop.
  bool is_whole(int64_t step) const { return step <= first_ || every_ == 0 || averages_at(step); }

 private:
  bool is_looked_at(int64_t step) const;

  int64_t every_ = 0, first_ = 0;
  StepPlan plan_;
  double eval_epochs_ = 0, save_epochs_ = 0;
  std::optional<int64_t> save_steps_, last_step_, last_of_epochs_;
};

// Parameters, running statistics, the optimizer's state and that of algorithms become their means
// over the ranks, the same bits on all. Throws PeerFailed.
void average_over_ranks(State& state, Algorithms& algorithms, dist::Group& group);

}  // namespace stoker::train

// One optimizer step, made of gradient_pass.h, update.h and loss_reader.h.
//
//   TrainStep step(options, schedule);
//   step.run(state, feed, events);
//   step.read_losses(state.position);
#pragma once

#include <vector>

#include "stoker/optim/schedule.h"
#include "stoker/train/gradient_pass.h"
#include "stoker/train/loss_reader.h"

namespace stoker::train {

class TrainStep {
 public:
  // As GradientPass has them.
  TrainStep(const TrainOptions& options, optim::Schedule schedule,
            const losses::LossContext& weights = {}, dist::Group& group = dist::alone(),
            parallel::Stage* stage = nullptr)
      : clip_(options.clip),
        schedule_(std::move(schedule)),
        gradients_(options, weights, group, stage),
        losses_(options.max_nonfinite_steps, group),
        is_alone_(group.is_alone()) {}

  // Takes a step's micro-batches from `feed`. Updates from a loss that is not finite are left out,
  // and so is the whole step, although it counts, where none of its images could be read. Throws
  // what the parts throw, and DataError where no image of an epoch, or none of 64 and more in a
  // row, could be read. Where memory runs out before anything has moved the step is taken back: the
  // state is as it was, and the same step may be run again.
  void run(State& state, BatchSource& feed, Events& events);

  // Whether the run() that an error ended left the state as it was: its images could not be read,
  // or the step did not fit and was taken back.
  bool is_untouched() const { return is_untouched_; }

  // As GradientPass has them.
  void note(const StepNotice& own) { gradients_.note(own); }
  void go_alone(bool is_local, bool may_stop) { gradients_.go_alone(is_local, may_stop); }
  const StepNotice& agreed() const { return gradients_.agreed(); }

  // Seconds that steps have waited for gradients of other ranks, in all.
  double exchange_wait_s() const { return gradients_.exchange_wait_s(); }

  // As LossReader::read. On the CPU run() does it after each step.
  std::vector<StepRecord> read_losses(Position& position) { return losses_.read(position); }

 private:
  struct Update {
    at::Tensor loss_mean;  // float32 [] on the device
    bool moved = false;
  };
  Update move(State& state, const StepGradients& gradients, double lr_factor, Events& events);
  void take_back(State& state);

  optim::ClipOptions clip_;
  optim::Schedule schedule_;
  GradientPass gradients_;
  LossReader losses_;
  bool is_alone_;
  bool is_untouched_ = false;
};

}  // namespace stoker::train

// The first part of a step: micro-batches in, gradients and their loss out.
//
//   GradientPass pass(options);
//   StepGradients gradients = pass.run(state, feed, events);   // adds to the parameters' gradients
//
// A stage of a pipeline makes its part of each micro-batch's passes (stage_passes.cpp).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "stoker/dist/group.h"
#include "stoker/parallel/stage.h"
#include "stoker/train/events.h"
#include "stoker/train/feed.h"
#include "stoker/train/options.h"

namespace stoker::train {

// Of all ranks.
struct StepGradients {
  at::Tensor loss_sum;  // over the images, float32 [] on the device; undefined where there are none
  int64_t images = 0;   // that could be read
  at::Tensor losses_by_rank;  // loss_sum as each rank has its part; undefined where there is one
};

// What ranks agree on once a step, beside the gradients: whatever one of them sees is seen by all
// at the same step.
struct StepNotice {
  bool is_interrupted = false;    // by a signal
  bool is_out_of_time = false;    // train.max_time
  bool is_out_of_energy = false;  // train.max_energy_kwh
  bool is_out_of_money = false;   // train.max_cost
};

class GradientPass {
 public:
  // Takes precision, loss and label_smoothing of the options. stage: of a pipeline that this rank
  // is one of.
  explicit GradientPass(const TrainOptions& options, const losses::LossContext& weights = {},
                        dist::Group& group = dist::alone(), parallel::Stage* stage = nullptr)
      : precision_(options.precision),
        label_smoothing_(options.label_smoothing),
        norms_wait_(options.batch_norm == BatchNormMode::kSync),
        loss_(losses::losses().build(options.loss, weights)),
        group_(group),
        stage_(stage) {}

  // Forward and backward of the images of the step under way, in micro-batches of the plan. The
  // gradients are those of the sum of losses divided by the plan's batch_size (times the scale of
  // fp16's scaler), whatever the micro-batch is, and the same on all ranks; so are the running
  // statistics then, the mean of the ranks'. Where an algorithm wants a second pass, gradients are
  // those of the second, the loss and running statistics of the first. Emits kBatchReady and
  // kLossReady. Throws what the feed, the network and the events throw; OutOfMemory and DeviceError
  // as ops/device_errors.h says; PeerFailed. A signal that comes between micro-batches takes the
  // pass back and throws Interrupted. Where one rank runs out of memory, or is interrupted, all of
  // them throw that.
  StepGradients run(State& state, BatchSource& feed, Events& events);

  // What the ranks have agreed on with the last run(). `own`: what this rank sees, for the next.
  const StepNotice& agreed() const { return agreed_; }
  void note(const StepNotice& own) { own_ = own; }
  // Of the next run(), as LocalRule says: gradients stay this rank's own, as of a batch that is its
  // share of the step's, and a signal may end it before the step is whole.
  void go_alone(bool is_local, bool may_stop) {
    is_local_ = is_local;
    may_stop_ = may_stop;
  }
  double exchange_wait_s() const {
    return waited_before_ + (exchange_ ? exchange_->wait_s() : 0) +
           (stage_ != nullptr ? stage_->wait_s() : 0);
  }

  // Whether the run() under way, or that an error ended, has shown the network any image: its
  // running statistics and gradients are then no longer those of a whole step.
  bool has_begun() const { return has_begun_; }

  // After a run(), or one that an error ended: drops the gradients and gives the network back the
  // running statistics that it had before. The state is then that of the step before.
  void take_back(State& state);

 private:
  // All ranks' part of the step, once.
  StepGradients pass_once(State& state, BatchSource& feed, Events& events) {
    return group_.is_alone() ? pass(state, feed, events) : run_with_others(state, feed, events);
  }
  StepGradients pass_twice(State& state, BatchSource& feed, Events& events);
  // This rank's part of the step.
  StepGradients pass(State& state, BatchSource& feed, Events& events);
  // Returns the micro-batch's summed loss.
  at::Tensor accumulate(State& state, MicroBatch batch, Events& events);
  // Of the logits in `batch`: the summed loss, and what its backward pass begins with.
  struct Weighed {
    at::Tensor loss_sum, share;
  };
  Weighed weigh(State& state, MicroBatch& batch, Events& events);
  // The next micro-batch of this rank as MicroBatch; nothing where no image is left of it.
  std::optional<MicroBatch> next_batch(const State& state, BatchSource& feed, int64_t index);

  // This stage's part of the step, in the order of parallel/one_f_one_b.h.
  struct InFlight;
  StepGradients pass_stage(State& state, BatchSource& feed, Events& events);
  InFlight forward_stage(State& state, BatchSource& feed, Events& events, int64_t index);
  void forward_last(State& state, Events& events, MicroBatch batch, InFlight& kept);
  void backward_stage(InFlight& kept);
  std::optional<at::Tensor> enter_stage(State& state, BatchSource& feed, Events& events,
                                        MicroBatch& batch, InFlight& kept);
  // Of those that have the same parameters.
  dist::Group& replicas() { return stage_ != nullptr ? stage_->replicas() : group_; }
  bool waits_within_pass() const;
  void keep_buffers(State& state);
  void exchange_what_learns(State& state);
  StepGradients run_with_others(State& state, BatchSource& feed, Events& events);
  void agree(const std::exception_ptr& failure, StepGradients& gradients, int64_t step);
  void share(State& state, StepGradients& gradients);
  void share_norm(State& state, const StepGradients& gradients);
  void weigh_as_whole(State& state, StepGradients& gradients);

  Precision precision_;
  double label_smoothing_;
  bool norms_wait_;  // for those of other ranks, so that no rank may leave its pass
  std::shared_ptr<const losses::Loss> loss_;
  dist::Group& group_;
  parallel::Stage* stage_;
  std::unique_ptr<dist::GradientExchange> exchange_;
  size_t exchanged_ = 0;      // parameters
  double waited_before_ = 0;  // in exchanges of other parameters
  // The first step with micro-batches of a new size is exchanged after the backward pass, so that
  // nobody waits within one for a rank whose memory has run out.
  int64_t proven_passes_ = 0;
  StepNotice own_, agreed_;
  bool is_local_ = false, may_stop_ = true;
  bool has_begun_ = false;
  // The network's running statistics, and what they were before the pass.
  std::vector<at::Tensor> buffers_, kept_;
};

}  // namespace stoker::train

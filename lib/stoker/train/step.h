// One optimizer step: micro-batches forward and backward, then the update.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stoker/optim/schedule.h"
#include "stoker/train/feed.h"
#include "stoker/train/options.h"
#include "stoker/train/state.h"

namespace stoker::train {

using Algorithms = std::vector<std::unique_ptr<Algorithm>>;

class TrainStep {
 public:
  TrainStep(State& state, const TrainOptions& options, optim::Schedule schedule,
            Algorithms& algorithms);

  // Sees kBatchReady and kGradientsReady after the algorithms.
  void observe_with(std::function<void(Event)> observer) { observer_ = std::move(observer); }

  // Takes a step's micro-batches from `feed`. Updates from a loss that is not finite are left out,
  // and so is the whole step, although it counts, where none of its images could be read. Throws
  // OutOfMemory with what to change, and DataError where no image of an epoch, or none of 64 and
  // more in a row, could be read.
  void run(BatchSource& feed);
  // Whether the run() that an error ended had changed nothing of the state yet: its images could
  // not be read.
  bool is_untouched() const { return is_untouched_; }

  // Moves the losses of finished steps from the device into state.records. Throws Diverged, with
  // step, rate and the losses before, after max_nonfinite_steps in a row.
  void read_losses();

 private:
  // Forward and backward of the step's images, counted in `record`; returns their summed loss,
  // undefined where there are none.
  at::Tensor run_micro_batches(BatchSource& feed, StepRecord& record);
  void count_unreadable(const StepRecord& record);
  // Forward and backward of one micro-batch; returns its summed loss.
  at::Tensor accumulate(const ops::TensorBatch& batch);
  // Returns whether the parameters moved, as far as the host knows.
  bool update(const at::Tensor& loss_mean, double lr_factor);
  void note(const StepRecord& record);
  void emit(Event event);

  struct Pending {
    StepRecord record;
    at::Tensor loss;  // on the device
  };

  State& state_;
  const TrainOptions& options_;
  optim::Schedule schedule_;
  Algorithms& algorithms_;
  std::function<void(Event)> observer_;
  bool is_untouched_ = false;
  std::vector<Pending> pending_;
  std::deque<double> recent_losses_;
};

}  // namespace stoker::train

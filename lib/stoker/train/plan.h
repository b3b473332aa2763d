// How many samples, micro-batches and steps a run is made of, and which positions each step takes.
// No torch.
#pragma once

#include <cstdint>

#include "stoker/loader/loader.h"
#include "stoker/train/options.h"

namespace stoker::train {

struct StepPlan {
  int64_t samples = 0;            // of the training set
  int64_t batch_size = 0;         // samples per optimizer step
  int64_t microbatch = 0;         // samples per forward pass, of the largest
  int64_t grad_accumulation = 0;  // forward passes per step
  int64_t steps_per_epoch = 0;    // the rest of an epoch that fills no batch is left out
  int64_t total_steps = 0;

  // Of the micro-batches of a step, which differ by one sample at most: none is a small rest.
  int64_t smallest_microbatch() const { return batch_size / grad_accumulation; }
  // The same steps in so many micro-batches each.
  StepPlan with_accumulation(int64_t micro_batches) const;
  double epoch(int64_t step) const { return static_cast<double>(step) / steps_per_epoch; }
  // Step at which `epochs` epochs are complete, at least 1.
  int64_t step_of_epoch(double epochs) const;
  // Whether what happens each `every_epochs` is due after `step` steps; never for 0.
  bool is_due(double every_epochs, int64_t step) const;
};

// A batch larger than the set becomes the set. Throws ConfigError if a run would have no steps, or
// more than can be counted.
StepPlan plan_steps(int64_t samples, const TrainOptions& options);

// The micro-batches from `first_step` to the end of the run, in order.
loader::ChunkSource training_chunks(const StepPlan& plan, int64_t first_step);
// The positions of `samples` samples once, each `repeats` times, in pieces of about batch_size that
// never part the repetitions of a sample.
loader::ChunkSource sequential_chunks(int64_t samples, int64_t batch_size, int64_t repeats = 1);

}  // namespace stoker::train

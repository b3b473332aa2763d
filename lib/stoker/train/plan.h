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
  int64_t grad_accumulation = 0;  // forward passes per step, of all ranks; a multiple of them
  int64_t steps_per_epoch = 0;    // the rest of an epoch that fills no batch is left out
  int64_t total_steps = 0;
  int64_t ranks = 1, rank = 0;  // that share each step, and whose share this is

  // Forward passes of this rank per step, and the number of its first among those of all ranks.
  int64_t own_passes() const { return grad_accumulation / ranks; }
  int64_t first_own_pass() const { return rank * own_passes(); }

  // Of the micro-batches of a step, which differ by one sample at most: none is a small rest.
  int64_t smallest_microbatch() const { return batch_size / grad_accumulation; }
  // The same steps in so many micro-batches each, or the next larger multiple of the ranks.
  StepPlan with_accumulation(int64_t micro_batches) const;
  double epoch(int64_t step) const { return static_cast<double>(step) / steps_per_epoch; }
  // Step at which `epochs` epochs are complete, at least 1.
  int64_t step_of_epoch(double epochs) const;
  // Whether what happens each `every_epochs` is due after `step` steps; never for 0.
  bool is_due(double every_epochs, int64_t step) const;
};

// A batch larger than the set becomes the set. Throws ConfigError if a run would have no steps, or
// more than can be counted, and where ranks would have no sample of a step.
StepPlan plan_steps(int64_t samples, const TrainOptions& options, int64_t ranks = 1,
                    int64_t rank = 0);

// The micro-batches of the plan's rank from `first_step` to the end of the run, in order. Those of
// all ranks together are those of one process with as many in each step.
loader::ChunkSource training_chunks(const StepPlan& plan, int64_t first_step);
// Which of the pieces of a whole are a rank's own: as many neighbours as others have, or one more.
struct RankShare {
  int64_t ranks = 1, rank = 0;

  int64_t first(int64_t pieces) const { return pieces * rank / ranks; }
  int64_t end(int64_t pieces) const { return pieces * (rank + 1) / ranks; }
  // Items that are its own where pieces have `size` of them, and the last one the rest.
  int64_t of(int64_t items, int64_t size) const;
};

// The positions of `samples` samples once, each `repeats` times, in pieces of about batch_size that
// never part the repetitions of a sample; of these pieces a rank's share.
loader::ChunkSource sequential_chunks(int64_t samples, int64_t batch_size, int64_t repeats = 1,
                                      const RankShare& share = {});

}  // namespace stoker::train

// Where a larger batch stops paying, measured from a checkpoint instead of estimated: branches of
// the run go over equally many images with its batch, twice that, four times, …, each with the rate
// that the rule of tune.lr_rule gives it, and are compared by the validation loss afterwards
// (branched training: Merrill et al., "Critical Batch Size Revisited", 2025). The rate does not
// follow the schedule within a branch, and micro-batches stay those of the run.
//
//   const CriticalBatch found = measure_critical_batch(config, content, {.steps = 100});
//   found.largest_that_keeps_up;   // 1024
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "stoker/run/run_config.h"
#include "stoker/train/checkpoint.h"

namespace stoker::autotune {

struct CriticalBatchOptions {
  int64_t steps = 96;       // of the run's own batch, whose images every branch goes over
  int64_t doublings = 3;    // of the batch; fewer where one falls behind before
  int64_t repeats = 3;      // each with images in another order; twice as many while it is unsure
  double tolerance = 0.01;  // of the loss: a branch within it keeps up
  int64_t eval_images = 5000;  // of the validation set, at most
  std::function<void(const std::string&)> say;
};

struct Branch {
  int64_t batch_size = 0;
  int64_t steps = 0;
  double lr = 0;
  std::vector<double> losses;  // validation loss at the end, one a repeat
  double loss = 0;             // their mean
  // Of the loss over that with the run's own batch in the same repeat, as a share: mean, least,
  // most.
  double excess = 0, excess_low = 0, excess_high = 0;
  bool keeps_up = true;  // by the mean
  bool is_sure = true;   // all repeats say the same
};

struct CriticalBatch {
  int64_t step = 0;    // of the checkpoint
  int64_t images = 0;  // a branch
  std::vector<Branch> branches;
  int64_t largest_that_keeps_up = 0;
  bool is_bounded = false;  // a larger one was tried and fell behind
  std::string reason;       // a sentence
};

// config: that of the checkpoint. Throws ConfigError where there is no validation set, or the rate
// at the checkpoint is nearly 0; what building a session and training throw; Interrupted on a
// signal.
CriticalBatch measure_critical_batch(const run::RunConfig& config,
                                     const train::CheckpointContent& content,
                                     const CriticalBatchOptions& options);

}  // namespace stoker::autotune

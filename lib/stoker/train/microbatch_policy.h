// Which micro-batch a run goes on with when memory runs out, or when there is some to spare.
//
// A size is named by the number of micro-batches that a step is cut into (grad_accumulation): they
// differ by one image at most (plan.h). All decisions are here and are functions of what is passed
// in, so that several ranks that pass the same decide the same. No torch.
//
//   MicrobatchPolicy policy(MicrobatchMode::kFollow, plan, smallest_batch);
//   if (auto count = policy.after_failure(4, usable_bytes)) …   // take the step again in *count
//   if (auto count = policy.at_epoch_end(8, need)) …            // go on in *count, fewer than 8
#pragma once

#include <cstdint>
#include <optional>

#include "stoker/train/memory_options.h"
#include "stoker/train/plan.h"
#include "stoker/tuning/line_fit.h"

namespace stoker::train {

// What steps were measured to need.
struct MicrobatchNeed {
  int64_t fixed_bytes = 0;   // weights, gradients and what else no micro-batch changes
  int64_t peak_bytes = 0;    // with the present micro-batch
  int64_t usable_bytes = 0;  // by all of it
};

class MicrobatchPolicy {
 public:
  // smallest_batch: images that the network can be trained on (models/smallest_batch.h).
  MicrobatchPolicy(MicrobatchMode mode, const StepPlan& planned, int64_t smallest_batch)
      : mode_(mode), planned_(planned), smallest_batch_(smallest_batch) {}

  bool is_fixed() const { return mode_ == MicrobatchMode::kFixed; }

  // What a step needs, from probes; without one a step that does not fit is cut in two.
  void set_model(const tuning::Line& model) { model_ = model; }

  // A step in `count` micro-batches did not fit into usable_bytes: the number of them to take it
  // again with. That which has fitted before, else the fewest that the model says fit, else twice
  // as many. Nothing where the micro-batch is fixed or as small as it can be.
  std::optional<int64_t> after_failure(int64_t count, int64_t usable_bytes);
  // A whole step in `count` micro-batches fitted.
  void note_success(int64_t count) { fitted_ = count; }
  // Fewer, larger micro-batches that should fit with a tenth to spare, at most as large as planned;
  // none that has failed while no more was usable. Nothing where there are none.
  std::optional<int64_t> at_epoch_end(int64_t count, const MicrobatchNeed& need) const;

  // The largest number of micro-batches that a step can be cut into.
  int64_t most() const {
    return planned_.batch_size / smallest_batch_ / planned_.ranks * planned_.ranks;
  }

 private:
  // What a step can be cut into: the next multiple of the ranks.
  int64_t cut_into(int64_t count) const {
    return planned_.with_accumulation(count).grad_accumulation;
  }
  int64_t images_in(int64_t count) const { return planned_.with_accumulation(count).microbatch; }

  MicrobatchMode mode_;
  StepPlan planned_;
  int64_t smallest_batch_;
  std::optional<tuning::Line> model_;
  int64_t fitted_ = 0;              // the newest number that fitted; 0: none yet
  int64_t failed_ = 0;              // the largest number that did not
  int64_t usable_when_failed_ = 0;  // bytes
};

}  // namespace stoker::train

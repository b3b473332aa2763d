// Keeps a run within its memory: measures what steps need, and puts what microbatch_policy.h
// decides into the run's position and its log.
//
//   MemoryControl memory(state, options, advice);
//   try { step.run(…); memory.note_step(state); }
//   catch (const OutOfMemory& error) { memory.shrink(state, error); }   // the same step again
#pragma once

#include <functional>
#include <string>

#include "stoker/core/error.h"
#include "stoker/dist/group.h"
#include "stoker/train/microbatch_policy.h"
#include "stoker/train/state.h"

namespace stoker::train {

class MemoryControl {
 public:
  // advice: what would save memory, for the message when nothing fits; may be none.
  MemoryControl(const State& state, const MemoryOptions& options,
                std::function<std::string()> advice, dist::Group& group = dist::alone());

  void set_model(const tuning::Line& model) { policy_.set_model(model); }

  // From here on peaks are those of this run.
  void begin(State& state);
  void note_step(const State& state) { policy_.note_success(state.plan().grad_accumulation); }
  // Takes the peak since the last call into state.peak_bytes.
  void note_peak(State& state, bool of_steps);

  // The step under way has been taken back because of `error`: smaller micro-batches from now on.
  // Throws OutOfMemory, with the advice, where there are none.
  void shrink(State& state, const OutOfMemory& error);
  // At the end of an epoch; whether micro-batches are larger from now on.
  bool grow(State& state);
  // Of an evaluation that was asked to take batches of `asked`; whether it took smaller ones.
  bool note_evaluation(State& state, int64_t asked, int64_t taken);

 private:
  void change(State& state, int64_t count);

  MicrobatchPolicy policy_;
  dist::Group& group_;  // all of which decide from the numbers of that which has the least memory
  std::function<std::string()> advice_;
  int64_t gradient_bytes_ = 0;
  int64_t step_peak_bytes_ = 0;  // with the present micro-batch
};

}  // namespace stoker::train

// What a line of progress says of a run, while it trains and while it evaluates.
//
//   epoch 3/8  ██████████░░░░░░░░  61/156  loss 1.234  lr 0.4  3,512 img/s  eta 0:12  run 3:45
//   epoch 3/8  val  ██████████░░░░░░░░  4,000/10,000  3,512 img/s  eta 0:02
#pragma once

#include <optional>
#include <string>

#include "stoker/core/clock.h"
#include "stoker/core/pace.h"
#include "stoker/core/progress_text.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

// "epoch 3/8": the epoch under way (counted from 1) of all, which may be a fraction.
std::string epoch_text(const train::State& state);

class TrainingBar {
 public:
  void start(const train::State& state);
  void step_done(const train::State& state);
  // Keeps the line's figures: the position's window begins again after it.
  void logged(const train::State& state);
  // Time that an evaluation took, which does not count as that of steps.
  void leave_out(double time_s) { left_out_s_ += time_s; }

  // Of the newest steps; losses that have not been read from a device yet are those of the last
  // log line. "eta" is for the epoch and "run" for all, with evaluations as often as so far.
  ProgressText text(const train::State& state) const;

 private:
  Stopwatch watch_;
  double left_out_s_ = 0;
  int64_t first_step_ = 0;
  Pace steps_;
  std::optional<train::LogWindow> logged_;
};

class EvaluationBar {
 public:
  // Before the first batch it has no bar: how many images there will be is not known.
  explicit EvaluationBar(const train::State& state);
  void note(const train::EvalProgress& progress);
  ProgressText text() const { return text_; }
  double elapsed_s() const { return watch_.elapsed_s(); }

 private:
  Stopwatch watch_;
  Pace images_;
  ProgressText text_;
};

}  // namespace stoker::callbacks

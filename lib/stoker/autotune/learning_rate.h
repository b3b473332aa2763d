// The learning-rate range test on a session: training steps at rates that rise from step to step
// (tuning/lr_range.h). Each parameter group keeps its factor of the rate.
//
//   const tuning::LrRange range = find_learning_rate(session, {.test = {.steps = 100}});
//
// The session is worn out afterwards: its weights have been trained, at the end with rates at which
// they diverge.
#pragma once

#include <cstdint>
#include <functional>

#include "stoker/run/session.h"
#include "stoker/tuning/lr_range.h"

namespace stoker::autotune {

struct LearningRateOptions {
  tuning::LrRangeOptions test;
  std::function<void(int64_t done, int64_t of)> on_progress;  // in steps; may be none
};

// Steps are those of the run, on its images, with its batch. Throws Interrupted on a signal.
tuning::LrRange find_learning_rate(run::Session& session, const LearningRateOptions& options);

}  // namespace stoker::autotune

// Ends a run whose metric has stopped getting better.
//
//   if (note_evaluation(state.position, value, options, lower_is_better)) …  // enough waiting
#pragma once

#include "stoker/train/options.h"
#include "stoker/train/position.h"

namespace stoker::train {

// Counts an evaluation with this value of checkpoint.monitor: one that is better than the best so
// far by more than min_delta is the new best, and each other one waits, as one that is NaN does.
void note_evaluation(Position& position, double value, const EarlyStoppingOptions& options,
                     bool lower_is_better);

// Whether `patience` evaluations in a row were no better; never without a patience.
bool has_waited_enough(const Position& position, const EarlyStoppingOptions& options);

}  // namespace stoker::train

// State to checkpoint and back.
#pragma once

#include "stoker/train/checkpoint.h"
#include "stoker/train/step.h"

namespace stoker::train {

// Everything a run needs to go on but the configuration text. The tensors are the live ones.
CheckpointContent capture(State& state, Algorithms& algorithms);

// The inverse, into a state built from the same configuration. Throws DataError listing every
// tensor that is missing, unexpected or of another shape.
void restore(const CheckpointContent& content, State& state, Algorithms& algorithms);

// Metrics by the names that configs and summaries use: "val.top1", "val.top5", "val.loss".
std::vector<std::pair<std::string, double>> named_metrics(const EvalRecord& eval);

}  // namespace stoker::train

// State to checkpoint and back.
#pragma once

#include "stoker/train/checkpoint.h"
#include "stoker/train/events.h"

namespace stoker::train {

// Everything a run needs to go on but the configuration text. The tensors are the live ones.
CheckpointContent capture(State& state, Algorithms& algorithms);

// The inverse, into a state built from the same configuration. Throws DataError listing every
// tensor that is missing, unexpected or of another shape, and ConfigError where the training set is
// another one.
void restore(const CheckpointContent& content, State& state, Algorithms& algorithms);

// What a model needs to know besides its configuration.
struct ModelFacts {
  int64_t step = 0;
  std::vector<std::string> class_names;
  models::ModelContext context;
};
// Throws DataError when state.json does not hold them.
ModelFacts model_facts(const CheckpointContent& content);
}  // namespace stoker::train

// What differs between two checkpoints, bit for bit; clocks aside.
#pragma once

#include <string>
#include <vector>

#include "stoker/train/checkpoint.h"

namespace stoker::train {

// Lines for a reader: tensors that are missing, of another shape or dtype, or hold other bits (NaN
// equals NaN of the same bits), and numbers of state.json. Metrics are compared where both are of
// the same step.
std::vector<std::string> differences(const CheckpointContent& expected,
                                     const CheckpointContent& actual);

}  // namespace stoker::train

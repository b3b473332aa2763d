// The fewest images that a network can be trained on at a time.
#pragma once

#include <cstdint>

#include "stoker/models/model.h"

namespace stoker::models {

// 2 where a batch norm that learns would see a single value a channel of one image, as on a map of
// 1x1: its variance is none, and the running one would become NaN (PyTorch refuses it too,
// "Expected more than 1 value per channel when training"). Else 1. Takes one forward pass on a
// blank image of the context's size.
int64_t smallest_batch(Model& model, const ModelContext& context);

}  // namespace stoker::models

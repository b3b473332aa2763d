// How much memory the intermediate results of a pass take.
#pragma once

#include "stoker/models/model.h"

namespace stoker::models {

// Bytes that a training pass over two images keeps for the backward pass, as the model's rung
// (model.h, Recompute) has it, the weights and the images aside. Takes one forward pass in the
// model's mode, after which its buffers and torch's random state are as they were.
int64_t kept_bytes(Model& model, const ModelContext& context);

}  // namespace stoker::models

// How much memory the intermediate results of a pass take.
#pragma once

#include <cstddef>
#include <cstdint>

#include "stoker/models/model.h"

namespace stoker::models {

// Bytes that a training pass over two images keeps for the backward pass, as the model's rung
// (model.h, Recompute) has it, the weights and the images aside. Takes one forward pass in the
// model's mode, after which its buffers and torch's random state are as they were.
int64_t kept_bytes(Model& model, const ModelContext& context);

// The same of some of the model's segments alone, with what those before them gave.
int64_t kept_bytes(Model& model, const ModelContext& context, size_t first_segment,
                   size_t segments);

}  // namespace stoker::models

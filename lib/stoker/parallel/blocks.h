// The parameters of each block of a network, as a forward pass comes by them.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "stoker/models/model.h"

namespace stoker::parallel {

// Those that learn, of each block that has any, in the order of the pass. Makes a pass over a blank
// image.
std::vector<std::vector<at::Tensor>> learning_blocks(models::Model& model,
                                                     const models::ModelContext& context);

}  // namespace stoker::parallel

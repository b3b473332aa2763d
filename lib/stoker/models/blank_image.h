// One image of zeros as a model takes it, for passes that only look at shapes.
#pragma once

#include <ATen/core/Tensor.h>

#include "stoker/models/model.h"

namespace stoker::models {

// [1, channels, height, width] of the model's dtype, on its device.
at::Tensor blank_image(const Model& model, const ModelContext& context);

}  // namespace stoker::models

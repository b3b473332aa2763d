// Names with tensors, in a stable order: parameters, buffers, states.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace stoker::weights {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

}  // namespace stoker::weights

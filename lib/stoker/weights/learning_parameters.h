// The parameters that training moves: those that are not frozen, by name and in the module's order.
#pragma once

#include <torch/nn/module.h>

#include "stoker/weights/named_tensors.h"

namespace stoker::weights {

inline NamedTensors learning_parameters(const torch::nn::Module& module) {
  NamedTensors parameters;
  for (const auto& item : module.named_parameters()) {
    if (item.value().requires_grad()) parameters.emplace_back(item.key(), item.value());
  }
  return parameters;
}

}  // namespace stoker::weights

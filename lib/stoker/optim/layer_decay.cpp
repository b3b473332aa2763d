#include "stoker/optim/layer_decay.h"

#include <cmath>
#include <map>

#include "stoker/core/error.h"

namespace stoker::optim {
namespace {

size_t layer_of(const std::string& parameter, const std::vector<std::vector<std::string>>& layers) {
  for (size_t i = 0; i < layers.size(); ++i)
    for (const std::string& prefix : layers[i])
      if (parameter.starts_with(prefix)) return i;
  throw InternalError(fmt::format("parameter {} is of no layer of the model", parameter));
}

}  // namespace

std::vector<ParameterGroup> apply_layer_decay(std::vector<ParameterGroup> groups,
                                              const std::vector<std::vector<std::string>>& layers,
                                              double decay) {
  if (decay == 1) return groups;
  std::vector<ParameterGroup> result;
  for (const ParameterGroup& group : groups) {
    std::map<size_t, NamedTensors> by_layer;
    for (const auto& parameter : group.parameters)
      by_layer[layer_of(parameter.first, layers)].push_back(parameter);
    for (auto& [layer, parameters] : by_layer) {
      const auto distance = static_cast<double>(layers.size() - 1 - layer);
      result.push_back({.parameters = std::move(parameters),
                        .lr_factor = group.lr_factor * std::pow(decay, distance),
                        .weight_decay = group.weight_decay,
                        .optimizer = group.optimizer,
                        .parts = group.parts});
    }
  }
  return result;
}

}  // namespace stoker::optim

#include "stoker/models/model.h"

#include <array>

namespace stoker::models {

std::span<const std::string_view> enum_names(Recompute) {
  static constexpr std::array<std::string_view, 3> kNames{"none", "norms", "blocks"};
  return kNames;
}

void Model::set_recompute(Recompute rung) {
  for (const Recompute possible : recompute_rungs())
    if (possible <= rung) recompute_ = possible;
}

std::vector<std::vector<std::string>> Model::layers() const {
  std::vector<std::vector<std::string>> layers;
  for (const auto& child : named_children()) {
    if (!child.value()->parameters().empty()) layers.push_back({child.key() + "."});
  }
  return layers;
}

}  // namespace stoker::models

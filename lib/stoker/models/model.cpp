#include "stoker/models/model.h"

#include <algorithm>
#include <array>

#include "stoker/core/error.h"

namespace stoker::models {

std::span<const std::string_view> enum_names(Recompute) {
  static constexpr std::array<std::string_view, 3> kNames{"none", "norms", "blocks"};
  return kNames;
}

void Model::set_recompute(Recompute rung) {
  const std::vector<Recompute> rungs = recompute_rungs();
  STOKER_CHECK(std::find(rungs.begin(), rungs.end(), rung) != rungs.end(), "rung {} of {}",
               static_cast<int>(rung), rungs.size());
  recompute_ = rung;
}

std::vector<std::vector<std::string>> Model::layers() const {
  std::vector<std::vector<std::string>> layers;
  for (const auto& child : named_children()) {
    if (!child.value()->parameters().empty()) layers.push_back({child.key() + "."});
  }
  return layers;
}

}  // namespace stoker::models

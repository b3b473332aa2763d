#include "stoker/models/model.h"

namespace stoker::models {

std::vector<std::vector<std::string>> Model::layers() const {
  std::vector<std::vector<std::string>> layers;
  for (const auto& child : named_children()) {
    if (!child.value()->parameters().empty()) layers.push_back({child.key() + "."});
  }
  return layers;
}

}  // namespace stoker::models

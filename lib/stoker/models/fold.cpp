#include "stoker/models/fold.h"

namespace stoker::models {

int64_t fold_branches(torch::nn::Module& network) {
  int64_t count = 0;
  for (const auto& module : network.modules()) {
    auto* part = dynamic_cast<Foldable*>(module.get());
    if (part == nullptr) continue;
    part->fold();
    ++count;
  }
  return count;
}

}  // namespace stoker::models

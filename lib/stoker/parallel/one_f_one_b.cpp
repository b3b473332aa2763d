#include "stoker/parallel/one_f_one_b.h"

#include <algorithm>

namespace stoker::parallel {

std::vector<StagePass> one_forward_one_backward(int64_t stage, int64_t stages,
                                                int64_t micro_batches) {
  const int64_t ahead = std::min(stages - stage - 1, micro_batches);
  std::vector<StagePass> passes;
  for (int64_t i = 0; i < ahead; ++i) passes.push_back({true, i});
  for (int64_t i = ahead; i < micro_batches; ++i) {
    passes.push_back({true, i});
    passes.push_back({false, i - ahead});
  }
  for (int64_t i = micro_batches - ahead; i < micro_batches; ++i) passes.push_back({false, i});
  return passes;
}

int64_t most_in_flight(int64_t stage, int64_t stages, int64_t micro_batches) {
  return std::min(stages - stage, micro_batches);
}

double bubble_share(int64_t stages, int64_t micro_batches) {
  return static_cast<double>(stages - 1) / static_cast<double>(micro_batches + stages - 1);
}

}  // namespace stoker::parallel

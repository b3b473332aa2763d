#include "stoker/train/pass_seed.h"

#include <ATen/Context.h>

#include "stoker/core/random.h"

namespace stoker::train {

void seed_torch(uint64_t seed, int64_t step, int64_t micro_batch) {
  const auto s = static_cast<uint64_t>(step);
  const Philox4x32 mixed = philox({{static_cast<uint32_t>(s), static_cast<uint32_t>(s >> 32),
                                    static_cast<uint32_t>(micro_batch), 0x746F7263u}},
                                  static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
  at::manual_seed((uint64_t{mixed.word[0]} << 32) | mixed.word[1]);
}

}  // namespace stoker::train

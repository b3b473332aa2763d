// Dropout and its like draw from torch's generators. Seeding them from the position makes their
// draws a function of the step, so that a resumed run needs no generator state.
#pragma once

#include <cstdint>

namespace stoker::train {

void seed_torch(uint64_t seed, int64_t step, int64_t micro_batch);

}  // namespace stoker::train

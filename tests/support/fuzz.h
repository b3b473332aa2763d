// How long seeded mutators go on.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace stoker::test {

// `rounds`, times what the environment's STOKER_FUZZ_SCALE says: 1 in CI, more for a night.
inline uint64_t fuzz_rounds(uint64_t rounds) {
  const char* scale = std::getenv("STOKER_FUZZ_SCALE");
  const long times = scale == nullptr ? 1 : std::atol(scale);
  return times > 1 ? rounds * static_cast<uint64_t>(times) : rounds;
}

}  // namespace stoker::test

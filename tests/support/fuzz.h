// What seeded mutators and libFuzzer's programs (tests/fuzz) share: verdicts, changes, how long.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "stoker/core/random.h"

namespace stoker::test {

// Of bytes that anyone may have made: they are refused, or what is read from them is sound.
enum class Verdict { kRefused, kSound, kUnsound };

// `rounds`, times what the environment's STOKER_FUZZ_SCALE says: 1 in CI, more for a night.
inline uint64_t fuzz_rounds(uint64_t rounds) {
  const char* scale = std::getenv("STOKER_FUZZ_SCALE");
  const long times = scale == nullptr ? 1 : std::atol(scale);
  return times > 1 ? rounds * static_cast<uint64_t>(times) : rounds;
}

// One change among the first `reach` bytes of the file: a byte, a bit, bytes that go, one of the
// pieces that mean something in the format, put in or over what is there, or bytes that come twice.
inline void mutate_once(std::string& file, RandomStream& random,
                        std::span<const std::string_view> pieces, size_t reach) {
  if (file.empty()) return;
  const size_t at = random.below(static_cast<uint32_t>(std::clamp<size_t>(reach, 1, file.size())));
  const std::string_view piece = pieces[random.below(static_cast<uint32_t>(pieces.size()))];
  switch (random.below(6)) {
    case 0:
      file[at] = static_cast<char>(random.below(256));
      break;
    case 1:
      file[at] = static_cast<char>(file[at] ^ (1 << random.below(8)));
      break;
    case 2:
      file.erase(at, 1 + random.below(random.coin(0.5f) ? 9 : 600));
      break;
    case 3:
      file.insert(at, piece);
      break;
    case 4:
      file.replace(at, std::min(piece.size(), file.size() - at), piece);
      break;
    default: {
      const std::string copied = file.substr(at, 1 + random.below(40));
      file.insert(random.below(static_cast<uint32_t>(file.size())), copied);
    }
  }
}

}  // namespace stoker::test

// Random numbers that are a function of what they are for, not of when they are drawn.
//
// Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011): a keyed
// bijection of a 128-bit counter. A stream is named by (seed, epoch, sample, repetition, purpose),
// so the same sample gets the same draws on any thread, rank, batch size or device, and after any
// resume.
// C++17 and free of the standard library's random header: .cu files include it.
//
//   RandomStream random({.seed = 1, .epoch = 3, .sample = 41}, Purpose::kAugment);
//   float area = random.uniform(0.08f, 1.0f);
#pragma once

#include <cmath>
#include <cstdint>

#include "stoker/core/host_device.h"

namespace stoker {

struct Philox4x32 {
  uint32_t word[4];
};

// Ten rounds over `counter` with the 64-bit key (key0, key1).
STOKER_HOST_DEVICE inline Philox4x32 philox(Philox4x32 counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53u} * counter.word[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57u} * counter.word[2];
    counter = {{static_cast<uint32_t>(product1 >> 32) ^ counter.word[1] ^ key0,
                static_cast<uint32_t>(product1),
                static_cast<uint32_t>(product0 >> 32) ^ counter.word[3] ^ key1,
                static_cast<uint32_t>(product0)}};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

// What a draw is for; streams of different purposes are independent. Values are part of the
// reproducibility promise: never renumber, only append.
enum class Purpose : uint32_t {
  kAugment = 1,     // geometry and colour of one sample
  kOrder = 2,       // order of samples in an epoch
  kSynthesize = 3,  // pixels of a procedural data set
  kMix = 4,         // mixup and cutmix
  kPick = 5,        // choice of samples for statistics and previews
  kNoise = 6,       // noise of single pixels
};

struct StreamKey {
  uint64_t seed = 0;
  uint32_t epoch = 0;
  uint64_t sample = 0;      // below 2^48
  uint32_t repetition = 0;  // below 2^8; of a sample that is shown several times in an epoch
};

class RandomStream {
 public:
  STOKER_HOST_DEVICE RandomStream(StreamKey key, Purpose purpose)
      : key0_(static_cast<uint32_t>(key.seed)),
        key1_(static_cast<uint32_t>(key.seed >> 32)),
        // 48 bits of sample, 8 of purpose, 8 of repetition; the draw has a word of its own.
        counter_{{0, key.epoch, static_cast<uint32_t>(key.sample),
                  (static_cast<uint32_t>(key.sample >> 32) & 0xFFFFu) |
                      (static_cast<uint32_t>(purpose) << 16) | (key.repetition << 24)}} {}

  STOKER_HOST_DEVICE uint32_t bits() {
    if (used_ == 4) {
      block_ = philox(counter_, key0_, key1_);
      ++counter_.word[0];
      used_ = 0;
    }
    return block_.word[used_++];
  }

  // In [0, 1), 24 bits, so that every value is exact in float.
  STOKER_HOST_DEVICE float uniform() { return static_cast<float>(bits() >> 8) * 0x1p-24f; }
  STOKER_HOST_DEVICE float uniform(float low, float high) { return low + (high - low) * uniform(); }
  // In [0, n), n in [1, 2^32): multiply-shift; the bias is below n / 2^32.
  STOKER_HOST_DEVICE uint32_t below(uint32_t n) {
    return static_cast<uint32_t>((uint64_t{bits()} * n) >> 32);
  }
  STOKER_HOST_DEVICE bool coin(float probability = 0.5f) { return uniform() < probability; }
  // Standard normal by Box and Muller; uses two draws.
  STOKER_HOST_DEVICE float normal() {
    const float radius = std::sqrt(-2.0f * std::log(1.0f - uniform()));
    return radius * std::cos(6.28318530717958648f * uniform());
  }

 private:
  uint32_t key0_, key1_;
  Philox4x32 counter_;
  Philox4x32 block_{};
  int used_ = 4;
};

}  // namespace stoker

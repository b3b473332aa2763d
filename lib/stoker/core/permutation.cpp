#include "stoker/core/permutation.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <stdexcept>

#include "stoker/core/random.h"

namespace stoker {
namespace {

// Two multiplications with a shift between; the constants are those of splitmix64.
uint64_t mix(uint64_t half, uint64_t key) {
  uint64_t bits = (half ^ key) * 0xBF58476D1CE4E5B9u;
  bits ^= bits >> 32;
  return (bits * 0x94D049BB133111EBu) >> 32;
}

}  // namespace

Permutation::Permutation(int64_t n, PermutationKey key) : n_(n) {
  if (n < 1) throw std::invalid_argument(fmt::format("a permutation needs n >= 1, got n={}", n));
  // With fewer bits, sets of a few samples see some orders far more often than others.
  const int bits = std::max(6, static_cast<int>(std::bit_width(static_cast<uint64_t>(n - 1))));
  low_bits_ = bits / 2;
  high_bits_ = bits - low_bits_;
  RandomStream random({.seed = key.seed, .epoch = key.epoch}, Purpose::kOrder);
  for (uint64_t& round_key : round_keys_) {
    const uint64_t high = random.bits();
    round_key = high << 32 | random.bits();
  }
}

int64_t Permutation::operator[](int64_t position) const {
  uint64_t value = static_cast<uint64_t>(position);
  do {
    value = encrypt(value);
  } while (value >= static_cast<uint64_t>(n_));
  return static_cast<int64_t>(value);
}

uint64_t Permutation::encrypt(uint64_t value) const {
  const uint64_t low_mask = (uint64_t{1} << low_bits_) - 1;
  const uint64_t high_mask = (uint64_t{1} << high_bits_) - 1;
  uint64_t low = value & low_mask;
  uint64_t high = value >> low_bits_;
  for (size_t round = 0; round < round_keys_.size(); round += 2) {
    low ^= mix(high, round_keys_[round]) & low_mask;
    high ^= mix(low, round_keys_[round + 1]) & high_mask;
  }
  return high << low_bits_ | low;
}

}  // namespace stoker

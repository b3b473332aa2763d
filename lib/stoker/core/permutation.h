// Order of samples within an epoch, as a keyed permutation of [0, n) with random access.
//
// The order depends only on (seed, epoch, n): not on ranks, loader threads or batch size, so a run
// resumes at any sample on any number of devices. Memory is O(1). Copyable; safe to share between
// threads.
//
//   Permutation order(50'000, {.seed = 1, .epoch = 3});
//   int64_t sample = order[step * batch_size + i];
#pragma once

#include <array>
#include <cstdint>

namespace stoker {

struct PermutationKey {
  uint64_t seed = 0;
  uint32_t epoch = 0;
};

// A Feistel cipher over the bits that n - 1 needs (at least 6), its halves at most one bit apart,
// walked along its cycle until the value falls below n, twice on average at most for n > 32 (Black
// and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002). The values are part of the
// reproducibility promise: never change them.
class Permutation {
 public:
  // n: number of samples, at least 1; throws std::invalid_argument otherwise.
  Permutation(int64_t n, PermutationKey key);

  // Sample at `position` in [0, size()). 20 to 50 ns.
  int64_t operator[](int64_t position) const;
  int64_t size() const { return n_; }

 private:
  uint64_t encrypt(uint64_t value) const;

  int64_t n_;
  int low_bits_;
  int high_bits_;
  std::array<uint64_t, 6> round_keys_;
};

}  // namespace stoker

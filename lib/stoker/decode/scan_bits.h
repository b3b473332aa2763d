// The entropy-coded bits of a baseline JPEG scan, and the blocks in them. Everything is inlined
// into the loop over blocks, which is compiled for several processors (baseline.cpp).
//
// Past a marker or the end the bits are zeros; the caller asks overrun() now and then, and nothing
// is read or written out of bounds meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "stoker/core/file.h"
#include "stoker/decode/huffman.h"
#include "stoker/decode/idct.h"

namespace stoker::decode {

#define STOKER_BITS_INLINE [[gnu::always_inline]] inline

// The k-th coefficient's row and column (T.81, figure A.6), 8 * row + column.
inline constexpr uint8_t kZigzag[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

// And its place in a block.
inline constexpr std::array<uint8_t, 64> kPlaces = [] {
  std::array<uint8_t, 64> places{};
  for (size_t k = 0; k < 64; ++k) places[k] = coefficient_place(kZigzag[k] % 8, kZigzag[k] / 8);
  return places;
}();

class ScanBits {
 public:
  explicit ScanBits(Bytes scan)
      : state_{.next = reinterpret_cast<const uint8_t*>(scan.data())},
        end_(state_.next + scan.size()) {}

  const uint8_t* next() const { return state_.next; }
  const uint8_t* end() const { return end_; }
  // Forgets the bits at hand and goes on at `next`.
  void restart(const uint8_t* next) { state_ = {.next = next}; }
  // Whether more bits were taken than there are.
  bool overrun() const { return state_.padding > state_.count; }
  bool broken() const { return broken_; }

  // The difference of a DC coefficient.
  STOKER_BITS_INLINE int32_t read_dc(const HuffmanTable& table) {
    refill();
    const HuffmanTable::Step step = table.steps[look()];
    if (step.length != 0) {
      drop(step.length);
      return step.value;
    }
    const int size = read_symbol(table);
    return size == 0 ? 0 : read_value(size);
  }

  // The AC coefficients of one block, times `scale` (in zigzag order), into a block of zeros.
  // Returns the last one's place in the zigzag, or 0.
  STOKER_BITS_INLINE int read_ac(const HuffmanTable& table, const uint16_t* scale, int16_t* block) {
    int k = 1, last = 0;
    while (true) {
      refill();
#pragma GCC unroll 4
      for (int i = 0; i < kLooksPerRefill; ++i) {
        const HuffmanTable::Step step = table.steps[look()];
        int32_t value = step.value;
        if (step.length != 0) [[likely]] {
          drop(step.length);
          k += step.run;
        } else {
          refill();
          const int symbol = read_symbol(table);
          const int size = symbol & 15;
          k += size == 0 && symbol != 0xF0 ? int{HuffmanTable::kEndOfBlock} : symbol >> 4;
          value = size == 0 ? 0 : read_value(size);
          i = kLooksPerRefill;
        }
        if (k >= 64) {
          broken_ |= k < HuffmanTable::kEndOfBlock;
          return last;
        }
        block[kPlaces[static_cast<size_t>(k)]] = static_cast<int16_t>(value * scale[k]);
        last = k++;
        if (k >= 64) [[unlikely]]
          return last;
      }
    }
  }

  // Past the AC coefficients of one block.
  STOKER_BITS_INLINE void skip_ac(const HuffmanTable& table) {
    int k = 1;
    while (true) {
      refill();
#pragma GCC unroll 4
      for (int i = 0; i < kLooksPerRefill; ++i) {
        const HuffmanTable::Leap leap = table.leaps[look()];
        // Where the block is full among these bits, what follows is another block's.
        const int to = k + leap.advance;
        if (leap.length != 0 && to < 64) [[likely]] {
          drop(leap.length);
          k = to;
          continue;
        }
        if (leap.advance >= HuffmanTable::kEndOfBlock && to < HuffmanTable::kEndOfBlock + 64) {
          drop(leap.length);
          return;
        }
        if (skip_one(table, leap, k)) return;
        i = kLooksPerRefill;
      }
    }
  }

 private:
  static constexpr int kLooksPerRefill = 4;
  static_assert(kLooksPerRefill * HuffmanTable::kLookBits <= 56);

  // Passed by value where the way is long, so that it stays in registers where it is short.
  struct State {
    const uint8_t* next;
    uint64_t bits = 0;  // left-aligned
    int32_t count = 0;
    int32_t padding = 0;  // of them not in the file
  };

  STOKER_BITS_INLINE uint32_t look() const {
    return static_cast<uint32_t>(state_.bits >> (64 - HuffmanTable::kLookBits));
  }
  STOKER_BITS_INLINE void drop(int count) {
    state_.bits <<= count;
    state_.count -= count;
  }

  // One coefficient; whether the block ends.
  STOKER_BITS_INLINE bool skip_one(const HuffmanTable& table, HuffmanTable::Leap leap, int& k) {
    if (leap.length != 0) {
      drop(leap.first_length);
      k += leap.first_advance;
    } else {
      refill();
      const int symbol = read_symbol(table);
      const int size = symbol & 15;
      if (size == 0 && symbol != 0xF0) return true;
      drop(size);
      k += (symbol >> 4) + 1;
    }
    broken_ |= k > 64;
    return k >= 64;
  }

  // 56 to 63 bits afterwards: a code and its value, or several that are found in one look each.
  STOKER_BITS_INLINE void refill() {
    if (end_ - state_.next >= 8) [[likely]] {
      uint64_t word;
      std::memcpy(&word, state_.next, sizeof word);
      constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
      if (((word & ~(word + kOnes)) & kHighs) == 0) [[likely]] {  // no byte is 0xFF
        const int bytes = (63 - state_.count) >> 3;
        // A part of the next byte comes along, as it will be.
        state_.bits |= __builtin_bswap64(word) >> state_.count;
        state_.next += bytes;
        state_.count += 8 * bytes;
        return;
      }
    }
    state_ = refill_slowly(state_, end_);
  }

  [[gnu::noinline]] static State refill_slowly(State s, const uint8_t* end) {
    while (s.count < 56) {
      uint64_t byte = 0;
      if (s.next < end && *s.next != 0xFF) {
        byte = *s.next++;
      } else if (end - s.next >= 2 && s.next[1] == 0) {
        byte = 0xFF;
        s.next += 2;
      } else {
        s.padding += 8;  // a marker or the end
      }
      s.bits |= byte << (56 - s.count);
      s.count += 8;
    }
    return s;
  }

  STOKER_BITS_INLINE int read_symbol(const HuffmanTable& table) {
    HuffmanTable::Prefix prefix = table.prefixes[look()];
    if (prefix.length == 0) [[unlikely]] {
      prefix = table.find(static_cast<uint32_t>(state_.bits >> 48));
      broken_ |= prefix.length == 0;
    }
    drop(prefix.length);
    return prefix.symbol;
  }

  // size: 1 to 15.
  STOKER_BITS_INLINE int32_t read_value(int size) {
    const auto value = static_cast<int32_t>(state_.bits >> (64 - size));
    drop(size);
    return value >> (size - 1) ? value : value - (1 << size) + 1;
  }

  State state_;
  const uint8_t* end_;
  bool broken_ = false;
};

}  // namespace stoker::decode

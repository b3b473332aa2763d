// Huffman codes of baseline JPEG (ITU-T T.81, annexes C and F) as tables indexed by the next bits.
//
// AC codes have two: one gives the next coefficient, code and value in one look; the other only
// advances, over as many coefficients as lie whole in the bits looked at, for blocks that nobody
// will see.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace stoker::decode {

// As a DHT segment defines it.
struct HuffmanCode {
  std::array<uint8_t, 17> counts{};  // codes by length; [0] is unused
  std::array<uint8_t, 256> symbols{};
  bool operator==(const HuffmanCode&) const = default;
};

struct HuffmanTable {
  static constexpr int kLookBits = 11;
  static constexpr int kEntries = 1 << kLookBits;
  static constexpr uint8_t kEndOfBlock = 128;

  // One coefficient. length 0: the code, or its value, is longer than kLookBits.
  struct Step {
    int16_t value;
    uint8_t run;     // zeros before it, or kEndOfBlock
    uint8_t length;  // bits of code and value
  };
  // Several coefficients. length 0: not even one.
  struct Leap {
    uint8_t advance;  // coefficients, or with kEndOfBlock added where the block ends
    uint8_t length;
    uint8_t first_advance, first_length;  // of the first alone
  };
  // Code length and symbol, for what Step does not hold; length 0: a longer code.
  struct Prefix {
    uint8_t symbol, length;
  };

  std::array<Step, kEntries> steps;
  std::array<Leap, kEntries> leaps;  // of AC tables only
  std::array<Prefix, kEntries> prefixes;
  // Codes of length n, left-aligned in 16 bits, lie below limits[n]; their symbols begin at
  // first_symbols[n] (modulo 2^16).
  std::array<uint32_t, 18> limits;
  std::array<int32_t, 18> first_symbols;
  std::array<uint8_t, 256> symbols;

  HuffmanCode code;
  bool is_dc = false;
  uint64_t last_use = 0;

  // Symbol and length of the code at the front of these 16 bits; length 0 where there is none.
  [[gnu::noinline]] Prefix find(uint32_t bits16) const {
    for (int length = kLookBits + 1; length <= 16; ++length)
      if (bits16 < limits[static_cast<size_t>(length)]) {
        const auto n = static_cast<size_t>(length);
        const auto index = first_symbols[n] + static_cast<int32_t>(bits16 >> (16 - length));
        return {symbols[static_cast<size_t>(index) & 255], static_cast<uint8_t>(length)};
      }
    return {0, 0};
  }
};

// Tables made before, since most files share a few codes. For one thread.
class HuffmanTables {
 public:
  // Valid until kKept calls later. Null where the code contradicts itself.
  const HuffmanTable* get(const HuffmanCode& code, bool is_dc);

 private:
  static constexpr size_t kKept = 16;  // a file has at most eight
  std::vector<std::unique_ptr<HuffmanTable>> kept_;
  uint64_t uses_ = 0;
};

}  // namespace stoker::decode

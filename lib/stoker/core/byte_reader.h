// Bounds-checked reads of integers from the header of a file someone else wrote.
//
//   ByteReader reader(file, ByteOrder::kBig);
//   std::optional<uint32_t> width = reader.u32(16);  // nothing beyond the end
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "stoker/core/file.h"

namespace stoker {

enum class ByteOrder { kLittle, kBig };

class ByteReader {
 public:
  ByteReader(Bytes bytes, ByteOrder order) : bytes_(bytes), order_(order) {}

  std::optional<uint8_t> u8(uint64_t at) const { return read<uint8_t>(at); }
  std::optional<uint16_t> u16(uint64_t at) const { return read<uint16_t>(at); }
  std::optional<uint32_t> u32(uint64_t at) const { return read<uint32_t>(at); }

  bool has(uint64_t at, std::string_view text) const {
    return at <= bytes_.size() && bytes_.size() - at >= text.size() &&
           std::memcmp(bytes_.data() + at, text.data(), text.size()) == 0;
  }

 private:
  template <class T>
  std::optional<T> read(uint64_t at) const {
    if (at > bytes_.size() || bytes_.size() - at < sizeof(T)) return std::nullopt;
    uint32_t value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) {
      const size_t shift = order_ == ByteOrder::kBig ? sizeof(T) - 1 - i : i;
      value |= static_cast<uint32_t>(bytes_[at + i]) << (8 * shift);
    }
    return static_cast<T>(value);
  }

  Bytes bytes_;
  ByteOrder order_;
};

}  // namespace stoker

#include "stoker/decode/exif.h"

#include <cstring>

#include "stoker/core/byte_reader.h"

namespace stoker::decode {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kShort = 3;

}  // namespace

int tiff_orientation(Bytes tiff) {
  if (tiff.size() < 8) return 1;
  const bool little = tiff[0] == std::byte{'I'};
  const ByteReader reader(tiff, little ? ByteOrder::kLittle : ByteOrder::kBig);
  const std::optional<uint32_t> directory = reader.u32(4);
  const std::optional<uint16_t> entries = directory ? reader.u16(*directory) : std::nullopt;
  for (uint32_t i = 0; entries && i < *entries; ++i) {
    const uint64_t entry = uint64_t{*directory} + 2 + uint64_t{12} * i;
    const std::optional<uint16_t> tag = reader.u16(entry);
    if (!tag) return 1;
    if (*tag != kOrientationTag || reader.u16(entry + 2) != kShort) continue;
    const int value = reader.u16(entry + 8).value_or(1);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

int jpeg_orientation(Bytes file) {
  const ByteReader reader(file, ByteOrder::kBig);
  uint64_t at = 2;  // past the start-of-image marker
  while (true) {
    const std::optional<uint8_t> lead = reader.u8(at);
    const std::optional<uint8_t> marker = reader.u8(at + 1);
    if (!lead || !marker || *lead != 0xFF) return 1;
    if (*marker == 0xFF) {  // fill byte
      ++at;
      continue;
    }
    const std::optional<uint16_t> length = reader.u16(at + 2);
    if (*marker == 0xDA || !length || *length < 2) return 1;
    if (at + 2 + *length > file.size()) return 1;
    const Bytes body = file.subspan(at + 4, *length - 2u);
    if (*marker == 0xE1 && body.size() > 6 && std::memcmp(body.data(), "Exif\0", 6) == 0)
      return tiff_orientation(body.subspan(6));
    at += uint64_t{2} + *length;
  }
}

}  // namespace stoker::decode

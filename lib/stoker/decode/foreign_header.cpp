#include "stoker/decode/foreign_header.h"

#include <algorithm>
#include <cctype>

#include "stoker/core/byte_reader.h"
#include "stoker/decode/exif.h"

namespace stoker::decode {
namespace {

// Walks to the first image: where that is larger than the screen, viewers show all of it. XMP
// stands in an extension whose text is not cut into blocks; its trailer makes it look as if it
// were.
ForeignHeader read_gif(Bytes file) {
  const ByteReader reader(file, ByteOrder::kLittle);
  ForeignHeader header{.kind = ForeignKind::kGif, .format = "GIF"};
  const std::optional<uint8_t> flags = reader.u8(10);
  if (!flags) return header;
  header.width = reader.u16(6).value_or(0);
  header.height = reader.u16(8).value_or(0);
  OrientationHints hints;
  uint64_t at = 13 + ((*flags & 0x80) != 0 ? uint64_t{3} << ((*flags & 7) + 1) : 0);
  while (reader.has(at, "!")) {
    const bool is_xmp = reader.has(at, "!\xFF\x0BXMP DataXMP");
    const uint64_t text = at + 14;
    at += 2;
    while (reader.u8(at).value_or(0) != 0) at += uint64_t{1} + *reader.u8(at);
    if (is_xmp && at <= file.size()) hints.xmp = xmp_orientation(file.subspan(text, at - text));
    ++at;
  }
  header.orientation = hints.orientation();
  header.is_whole = reader.has(at, ",") && reader.u16(at + 7).has_value();
  if (!header.is_whole) return header;
  header.width =
      std::max<uint64_t>(header.width, uint64_t{*reader.u16(at + 1)} + *reader.u16(at + 5));
  header.height =
      std::max<uint64_t>(header.height, uint64_t{*reader.u16(at + 3)} + *reader.u16(at + 7));
  return header;
}

ForeignHeader read_bmp(Bytes file) {
  const ByteReader reader(file, ByteOrder::kLittle);
  ForeignHeader header{.kind = ForeignKind::kBmp, .format = "BMP"};
  if (reader.u32(14).value_or(0) == 12) {  // OS/2 1.x
    header.width = reader.u16(18).value_or(0);
    header.height = reader.u16(20).value_or(0);
    header.is_whole = reader.u16(20).has_value();
    return header;
  }
  const auto height = static_cast<int32_t>(reader.u32(22).value_or(0));
  header.width = reader.u32(18).value_or(0);
  header.height = static_cast<uint64_t>(height < 0 ? -int64_t{height} : height);  // top-down
  header.is_whole = reader.u16(28).has_value();
  // A mask for alpha exists from BITMAPV3INFOHEADER on, where masks are in use.
  const bool has_masks = reader.u32(30) == 3u || reader.u32(30) == 6u;
  header.has_alpha =
      has_masks && reader.u32(14).value_or(0) >= 56 && reader.u32(66).value_or(0) != 0;
  return header;
}

// RIFF container: VP8 (lossy), VP8L (lossless) or VP8X (extended, with chunks of EXIF and XMP).
ForeignHeader read_webp(Bytes file) {
  const ByteReader reader(file, ByteOrder::kLittle);
  ForeignHeader header{.kind = ForeignKind::kWebp, .format = "WebP"};
  const auto u24 = [&](uint64_t at) -> std::optional<uint32_t> {
    const auto low = reader.u16(at);
    const auto high = reader.u8(at + 2);
    if (!low || !high) return std::nullopt;
    return *low | uint32_t{*high} << 16;
  };
  if (reader.has(12, "VP8X") && u24(27)) {
    constexpr uint8_t kAnimated = 2;
    if ((*reader.u8(20) & kAnimated) != 0) header.format = "animated WebP";
    header.width = *u24(24) + 1;
    header.height = *u24(27) + 1;
    header.is_whole = true;
  } else if (reader.has(12, "VP8L") && reader.u32(21)) {
    header.width = (*reader.u32(21) & 0x3FFF) + 1;
    header.height = (*reader.u32(21) >> 14 & 0x3FFF) + 1;
    header.is_whole = true;
  } else if (reader.has(12, "VP8 ") && reader.has(23, "\x9D\x01\x2A") && reader.u16(28)) {
    header.width = *reader.u16(26) & 0x3FFF;
    header.height = *reader.u16(28) & 0x3FFF;
    header.is_whole = true;
  }
  OrientationHints hints;
  for (uint64_t at = 12; reader.u32(at + 4);) {
    const uint64_t length = *reader.u32(at + 4);
    const bool is_there = length <= file.size() - at - 8;
    if (is_there && reader.has(at, "EXIF"))
      hints.exif = exif_orientation(file.subspan(at + 8, length));
    if (is_there && reader.has(at, "XMP "))
      hints.xmp = xmp_orientation(file.subspan(at + 8, length));
    at += 8 + length + (length & 1);
  }
  header.orientation = hints.orientation();
  return header;
}

ForeignHeader read_tiff(Bytes file) {
  const ByteReader reader(file, file[0] == std::byte{'I'} ? ByteOrder::kLittle : ByteOrder::kBig);
  ForeignHeader header{.kind = ForeignKind::kTiff, .format = "TIFF"};
  header.orientation = tiff_orientation(file);
  const std::optional<uint32_t> directory = reader.u32(4);
  const uint32_t entries = directory ? reader.u16(*directory).value_or(0) : 0;
  uint32_t photometric = 2;
  for (uint32_t i = 0; i < entries; ++i) {
    const uint64_t entry = uint64_t{*directory} + 2 + uint64_t{12} * i;
    const std::optional<uint16_t> tag = reader.u16(entry);
    if (!tag || !reader.u32(entry + 8)) return header;
    const bool is_short = reader.u16(entry + 2) == 3;
    const uint32_t value = is_short ? *reader.u16(entry + 8) : *reader.u32(entry + 8);
    if (*tag == 256) header.width = value;
    if (*tag == 257) header.height = value;
    if (*tag == 262) photometric = value;
  }
  if (photometric <= 1) header.channels = 1;
  header.is_whole = header.width != 0 && header.height != 0;
  return header;
}

// "P5", then width and height in decimal, with white space and comments between.
ForeignHeader read_pnm(Bytes file) {
  const ByteReader reader(file, ByteOrder::kLittle);
  ForeignHeader header{.kind = ForeignKind::kPnm, .format = "PNM"};
  const uint8_t kind = *reader.u8(1);
  if (kind != '3' && kind != '6') header.channels = 1;
  uint64_t at = 2;
  const auto number = [&]() -> uint64_t {
    while (reader.u8(at) && !std::isdigit(*reader.u8(at))) {
      if (*reader.u8(at) == '#')
        while (reader.u8(at) && *reader.u8(at) != '\n') ++at;
      else
        ++at;
    }
    uint64_t value = 0;
    for (; reader.u8(at) && std::isdigit(*reader.u8(at)) && value < (1u << 30); ++at)
      value = value * 10 + (*reader.u8(at) - '0');
    return value;
  };
  header.width = number();
  header.height = number();
  header.is_whole = header.width != 0 && header.height != 0;
  return header;
}

bool is_pnm(const ByteReader& reader) {
  const uint8_t kind = reader.u8(1).value_or(0);
  const uint8_t space = reader.u8(2).value_or(0);
  return reader.has(0, "P") && kind >= '1' && kind <= '6' && (std::isspace(space) || space == '#');
}

}  // namespace

std::optional<ForeignHeader> read_foreign_header(Bytes file) {
  const ByteReader reader(file, ByteOrder::kLittle);
  if (reader.has(0, "RIFF") && reader.has(8, "WEBP")) return read_webp(file);
  if (reader.has(0, {"II*\0", 4}) || reader.has(0, {"MM\0*", 4})) return read_tiff(file);
  if (reader.has(0, "GIF87a") || reader.has(0, "GIF89a")) return read_gif(file);
  if (reader.has(0, "BM") && reader.u32(6) == 0u) return read_bmp(file);
  if (is_pnm(reader)) return read_pnm(file);
  return std::nullopt;
}

}  // namespace stoker::decode

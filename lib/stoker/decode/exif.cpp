#include "stoker/decode/exif.h"

#include <bit>
#include <cctype>
#include <string_view>

#include "stoker/core/byte_reader.h"

namespace stoker::decode {
namespace {

constexpr uint16_t kOrientationTag = 274;
constexpr uint16_t kXmpTag = 700;
constexpr std::string_view kExifMark("Exif\0\0", 6);
constexpr std::string_view kXmpMark("http://ns.adobe.com/xap/1.0/\0", 29);

// The directory of a TIFF structure.
class Directory {
 public:
  explicit Directory(Bytes tiff)
      : is_little_(!tiff.empty() && tiff[0] == std::byte{'I'}),
        reader_(tiff, is_little_ ? ByteOrder::kLittle : ByteOrder::kBig),
        tiff_(tiff),
        start_(reader_.u32(4).value_or(0)) {}

  // Where the first entry of this tag stands.
  std::optional<uint64_t> find(uint16_t tag) const {
    const uint32_t entries = start_ ? reader_.u16(start_).value_or(0) : 0;
    for (uint32_t i = 0; i < entries; ++i) {
      const uint64_t entry = uint64_t{start_} + 2 + uint64_t{12} * i;
      const std::optional<uint16_t> found = reader_.u16(entry);
      if (!found) return std::nullopt;
      if (*found == tag) return entry;
    }
    return std::nullopt;
  }

  std::optional<double> number(uint64_t entry) const;
  Bytes bytes(uint64_t entry) const;

 private:
  std::optional<double> wide(uint64_t at) const {
    const auto first = reader_.u32(at), second = reader_.u32(at + 4);
    if (!first || !second) return std::nullopt;
    const uint64_t low = is_little_ ? *first : *second, high = is_little_ ? *second : *first;
    return std::bit_cast<double>(high << 32 | low);
  }

  bool is_little_;
  ByteReader reader_;
  Bytes tiff_;
  uint32_t start_;
};

template <class As, class T>
std::optional<double> as(std::optional<T> value) {
  if (!value) return std::nullopt;
  return static_cast<double>(std::bit_cast<As>(*value));
}

// The value of an entry that holds one number. Types: TIFF 6.0, page 15.
std::optional<double> Directory::number(uint64_t entry) const {
  if (reader_.u32(entry + 4) != 1u) return std::nullopt;
  const uint64_t at = entry + 8;
  const uint64_t elsewhere = reader_.u32(at).value_or(0);
  switch (reader_.u16(entry + 2).value_or(0)) {
    case 1:
      return as<uint8_t>(reader_.u8(at));
    case 3:
      return as<uint16_t>(reader_.u16(at));
    case 4:
      return as<uint32_t>(reader_.u32(at));
    case 6:
      return as<int8_t>(reader_.u8(at));
    case 8:
      return as<int16_t>(reader_.u16(at));
    case 9:
      return as<int32_t>(reader_.u32(at));
    case 5:
    case 10: {  // both signs of a rational are those of a whole number from 1 to 8
      const auto over = as<int32_t>(reader_.u32(elsewhere));
      const auto under = as<int32_t>(reader_.u32(elsewhere + 4));
      if (!over || !under || *under == 0) return std::nullopt;
      return *over / *under;
    }
    case 11:
      return as<float>(reader_.u32(at));
    case 12:
      return wide(elsewhere);
    default:
      return std::nullopt;
  }
}

// The content of an entry of bytes; empty where it lies beyond the end.
Bytes Directory::bytes(uint64_t entry) const {
  const uint64_t count = reader_.u32(entry + 4).value_or(0);
  const uint64_t at = count <= 4 ? entry + 8 : reader_.u32(entry + 8).value_or(0);
  if (at > tiff_.size() || tiff_.size() - at < count) return {};
  return tiff_.subspan(at, count);
}

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool starts_with(Bytes body, std::string_view mark) { return text_of(body).starts_with(mark); }

}  // namespace

std::optional<int> exif_orientation(Bytes block) {
  while (starts_with(block, kExifMark)) block = block.subspan(kExifMark.size());
  const Directory directory(block);
  const std::optional<uint64_t> entry = directory.find(kOrientationTag);
  if (!entry) return std::nullopt;
  const double value = directory.number(*entry).value_or(0);
  for (int orientation = 1; orientation <= 8; ++orientation)
    if (value == orientation) return orientation;
  return 0;
}

// tiff:Orientation="6" or <tiff:Orientation>6</…>. The prefix is the one that XMP recommends and
// writers use.
std::optional<int> xmp_orientation(Bytes bytes) {
  constexpr std::string_view kName = "tiff:Orientation";
  const std::string_view text = text_of(bytes);
  for (size_t at = text.find(kName); at != std::string_view::npos; at = text.find(kName, at)) {
    at += kName.size();
    const auto skip_space = [&] {
      while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at]))) ++at;
    };
    skip_space();
    if (at < text.size() && text[at] == '=') {
      ++at;
      skip_space();
      if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) continue;
    } else if (at >= text.size() || text[at] != '>') {
      continue;
    }
    ++at;
    skip_space();
    if (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])))
      return text[at] - '0';
  }
  return std::nullopt;
}

int tiff_orientation(Bytes file) {
  OrientationHints hints{.exif = exif_orientation(file)};
  const Directory directory(file);
  if (const auto entry = directory.find(kXmpTag))
    hints.xmp = xmp_orientation(directory.bytes(*entry));
  return hints.orientation();
}

int jpeg_orientation(Bytes file) {
  const ByteReader reader(file, ByteOrder::kBig);
  OrientationHints hints;
  uint64_t at = 2;  // past the start-of-image marker
  while (true) {
    const std::optional<uint8_t> lead = reader.u8(at);
    const std::optional<uint8_t> marker = reader.u8(at + 1);
    if (!lead || !marker || *lead != 0xFF) return hints.orientation();
    if (*marker == 0xFF) {  // fill byte
      ++at;
      continue;
    }
    const std::optional<uint16_t> length = reader.u16(at + 2);
    if (*marker == 0xDA || !length || *length < 2) return hints.orientation();
    if (at + 2 + *length > file.size()) return hints.orientation();
    const Bytes body = file.subspan(at + 4, *length - 2u);
    if (*marker == 0xE1 && !hints.exif && starts_with(body, kExifMark))
      hints.exif = exif_orientation(body);
    else if (*marker == 0xE1 && !hints.xmp && starts_with(body, kXmpMark))
      hints.xmp = xmp_orientation(body.subspan(kXmpMark.size()));
    at += uint64_t{2} + *length;
  }
}

}  // namespace stoker::decode

// EXIF and XMP of a PNG stand in an eXIf chunk or in texts, which may be compressed.
#include <zlib.h>

#include <string>
#include <string_view>
#include <vector>

#include "stoker/core/byte_reader.h"
#include "stoker/decode/exif.h"

namespace stoker::decode {
namespace {

constexpr std::string_view kXmpKeyword = "XML:com.adobe.xmp";
constexpr std::string_view kExifKeyword = "Raw profile type exif";  // ImageMagick's, in hexadecimal

// At most 1 MiB: no orientation is worth more.
std::vector<std::byte> inflated(Bytes packed) {
  std::vector<std::byte> out(size_t{1} << 20);
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

// "\nexif\n      26\n" and hexadecimal digits in lines.
std::vector<std::byte> from_hexadecimal(Bytes bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (int line = 0; line < 3; ++line) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  std::vector<std::byte> out;
  int high = -1;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) continue;
    if (high >= 0) out.push_back(static_cast<std::byte>(high << 4 | digit));
    high = high >= 0 ? -1 : digit;
  }
  return out;
}

// What stands after keyword and its zero byte, unpacked, in a chunk of the kind tEXt, zTXt or iTXt.
std::vector<std::byte> text_after(size_t keyword_bytes, std::string_view kind, Bytes chunk) {
  Bytes rest = chunk.subspan(keyword_bytes + 1);
  bool is_packed = kind == "zTXt";
  if (is_packed) {
    if (rest.empty()) return {};
    rest = rest.subspan(1);  // the method, always deflate
  } else if (kind == "iTXt") {
    if (rest.size() < 2) return {};
    is_packed = rest[0] == std::byte{1};
    rest = rest.subspan(2);
    for (int field = 0; field < 2; ++field) {  // language, translated keyword
      size_t end = 0;
      while (end < rest.size() && rest[end] != std::byte{0}) ++end;
      if (end == rest.size()) return {};
      rest = rest.subspan(end + 1);
    }
  }
  return is_packed ? inflated(rest) : std::vector<std::byte>(rest.begin(), rest.end());
}

void read_text(std::string_view kind, Bytes chunk, OrientationHints& hints) {
  const ByteReader reader(chunk, ByteOrder::kBig);
  const auto is = [&](std::string_view keyword) {
    return reader.has(0, keyword) && reader.u8(keyword.size()) == uint8_t{0};
  };
  if (is(kXmpKeyword) && !hints.xmp)
    hints.xmp = xmp_orientation(text_after(kXmpKeyword.size(), kind, chunk));
  else if (is(kExifKeyword) && !hints.exif)
    hints.exif = exif_orientation(from_hexadecimal(text_after(kExifKeyword.size(), kind, chunk)));
}

}  // namespace

int png_orientation(Bytes file) {
  const ByteReader reader(file, ByteOrder::kBig);
  OrientationHints hints;
  std::optional<int> chunk_exif;  // goes before an old text
  for (uint64_t at = 8; at + 12 <= file.size();) {
    const uint64_t length = *reader.u32(at);
    if (length > file.size() - at - 12) break;
    const Bytes chunk = file.subspan(at + 8, length);
    if (reader.has(at + 4, "eXIf") && !chunk_exif) chunk_exif = exif_orientation(chunk);
    for (const std::string_view kind : {"tEXt", "zTXt", "iTXt"})
      if (reader.has(at + 4, kind)) read_text(kind, chunk, hints);
    at += 12 + length;
  }
  if (chunk_exif) hints.exif = chunk_exif;
  return hints.orientation();
}

}  // namespace stoker::decode

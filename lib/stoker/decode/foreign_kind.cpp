#include "stoker/decode/foreign_kind.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "stoker/core/byte_reader.h"
#include "stoker/core/error.h"
#include "stoker/core/utf8.h"

namespace stoker::decode {
namespace {

struct Sign {
  uint64_t at;
  std::string_view bytes;
  std::string_view kind;
};

// Kinds of files that often stand among images.
constexpr std::string_view kAvif = "an AVIF or HEIC image, which is not read";
constexpr std::string_view kJpegXl = "a JPEG XL image, which is not read";
constexpr std::string_view kJpeg2000 = "a JPEG 2000 image, which is not read";
constexpr Sign kImages[] = {
    {4, "ftypavif", kAvif},
    {4, "ftypheic", kAvif},
    {4, "ftypheix", kAvif},
    {4, "ftypmif1", kAvif},
    {0, "\xFF\x0A", kJpegXl},
    {4, "JXL ", kJpegXl},
    {4, "jP  ", kJpeg2000},
    {0, "\xFF\x4F\xFF\x51", kJpeg2000},
    {0, std::string_view("II+\0", 4), "a BigTIFF, which is not read"},
    {0, std::string_view("MM\0+", 4), "a BigTIFF, which is not read"},
    {0, "8BPS", "a Photoshop file, which is not read"},
    {0, std::string_view("\0\0\1\0", 4), "an icon (ICO), which is not read"},
    {128, "DICM", "a DICOM file, which is not read"},
};
constexpr Sign kOthers[] = {
    {0, "%PDF", "a PDF document"},
    {0, "PK\x03\x04", "a zip archive, to be unpacked,"},
    {0, "\x1F\x8B", "gzip data, to be unpacked,"},
    {257, "ustar", "a tar archive, to be unpacked,"},
    {4, "ftyp", "a video or another MP4 file"},
};

// UTF-8 with some ASCII and no control characters but those of lines: in any language.
bool is_text(Bytes file) {
  constexpr size_t kLooked = 512, kLongest = 4;
  bool has_ascii = false;
  std::string_view rest(reinterpret_cast<const char*>(file.data()),
                        std::min(file.size(), kLooked + kLongest - 1));
  for (size_t at = 0; at < kLooked && !rest.empty();) {
    const size_t length = utf8_length(rest);
    if (length == 0) return false;
    const char c = rest.front();
    if (is_control(rest, length) && (c < 9 || c > 13)) return false;
    has_ascii = has_ascii || length == 1;
    at += length;
    rest.remove_prefix(length);
  }
  return has_ascii;
}

// Its first line that is not empty, in letters that any terminal shows.
std::string quoted_start(std::string_view text) {
  constexpr size_t kMost = 40;
  const size_t begin = std::min(text.find_first_not_of(" \t\r\n\v\f"), text.size());
  std::string start;
  for (const char c : text.substr(begin, kMost)) {
    if (c == '\n' || c == '\r') break;
    start += c >= 0x20 && c < 0x7F ? c : '?';
  }
  return "\"" + start + (begin + kMost < text.size() ? "…\"" : "\"");
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string text_kind(std::string_view text) {
  if (text.starts_with("version https://git-lfs.github.com/spec/"))
    return "a git-lfs pointer in place of the image; get the files themselves with: git lfs pull";
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::string start =
      lower(text.substr(std::min(text.find_first_not_of(" \t\r\n\v\f"), text.size()), 512));
  if (start.find("<svg") != std::string::npos)
    return "an SVG drawing, which is not read; convert it to PNG or JPEG";
  for (const char* tag : {"<!doctype", "<html", "<head", "<body", "<?xml", "<!--", "<script"})
    if (start.starts_with(tag))
      return "a web page or XML in place of the image, as failed downloads leave; get it again";
  return fmt::format("text in place of the image: {}", quoted_start(text));
}

}  // namespace

std::string foreign_kind(Bytes file) {
  const ByteReader reader(file, ByteOrder::kBig);
  for (const Sign& sign : kImages)
    if (reader.has(sign.at, sign.bytes))
      return fmt::format("{}; convert it to PNG or JPEG", sign.kind);
  for (const Sign& sign : kOthers)
    if (reader.has(sign.at, sign.bytes)) return fmt::format("{} in place of an image", sign.kind);
  if (is_text(file)) return text_kind({reinterpret_cast<const char*>(file.data()), file.size()});
  if (std::all_of(file.begin(), file.end(), [](std::byte b) { return b == std::byte{0}; }))
    return fmt::format("{} zero bytes, as a copy leaves that was broken off; get it again",
                       file.size());
  if (file.size() < 12) return fmt::format("cut off after {} bytes; get it again", file.size());
  return "not an image in a known format (JPEG, PNG, GIF, WebP, TIFF, BMP, PNM)";
}

}  // namespace stoker::decode

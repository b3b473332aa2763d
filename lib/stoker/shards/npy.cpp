#include "stoker/shards/npy.h"

#include <array>
#include <charconv>
#include <optional>

#include "stoker/core/byte_reader.h"
#include "stoker/core/error.h"

namespace stoker::shards {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kHeaderBytes = 128;
constexpr int64_t kLongestSide = 1 << 16;

[[noreturn]] void fail(std::string_view what) {
  throw DataError(
      fmt::format("{}; expected a NumPy array of uint8 of shape (height, width, 3 or 1)", what));
}

// What follows the key, given with its quotes and colon, in the header's dictionary.
std::string_view value_of(std::string_view header, std::string_view key) {
  const size_t at = header.find(key);
  if (at == header.npos) return "";
  std::string_view value = header.substr(at + key.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

struct Shape {
  std::array<int64_t, 3> sides{0, 0, 1};
  size_t count = 0;
};

// "(375, 500, 3)"; nothing for what is no such tuple.
std::optional<Shape> shape_of(std::string_view text) {
  if (!text.starts_with('(')) return std::nullopt;
  text.remove_prefix(1);
  Shape shape;
  while (true) {
    while (text.starts_with(' ') || text.starts_with(',')) text.remove_prefix(1);
    if (text.starts_with(')')) return shape;
    if (shape.count == shape.sides.size()) return std::nullopt;
    int64_t& side = shape.sides[shape.count++];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), side);
    if (error != std::errc() || side < 0 || side > kLongestSide) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
  }
}

// The dictionary, and in `begin` where the array begins.
std::string_view dictionary_of(Bytes file, size_t& begin) {
  const ByteReader reader(file, ByteOrder::kLittle);
  if (!reader.has(0, kMagic)) fail("not a .npy file");
  const uint8_t version = reader.u8(6).value_or(0);
  if (version < 1 || version > 3) fail(fmt::format("unknown version {} of .npy", version));
  const size_t at = version == 1 ? 10 : 12;
  const std::optional<uint32_t> bytes =
      version == 1 ? std::optional<uint32_t>(reader.u16(8)) : reader.u32(8);
  if (!bytes || file.size() < at || file.size() - at < *bytes) fail("the header is cut short");
  begin = at + *bytes;
  return {reinterpret_cast<const char*>(file.data()) + at, *bytes};
}

}  // namespace

kernels::ImageView parse_npy(Bytes file) {
  size_t begin = 0;
  const std::string_view header = dictionary_of(file, begin);
  const std::string_view type = value_of(header, "'descr':");
  if (!type.starts_with("'|u1'") && !type.starts_with("'u1'")) fail("the array is not uint8");
  if (!value_of(header, "'fortran_order':").starts_with("False"))
    fail("the array is in Fortran order");
  const std::optional<Shape> shape = shape_of(value_of(header, "'shape':"));
  if (!shape || shape->count < 2) fail("the shape is not that of an image");
  const auto [height, width, channels] = shape->sides;
  if (height == 0 || width == 0 || (channels != 1 && channels != 3))
    fail(fmt::format("the shape is ({}, {}, {})", height, width, channels));
  const uint64_t expected = uint64_t(height) * uint64_t(width) * uint64_t(channels);
  if (file.size() - begin != expected)
    fail(fmt::format("{} bytes of pixels, not {}", file.size() - begin, expected));
  return {reinterpret_cast<const uint8_t*>(file.data()) + begin, int32_t(width), int32_t(height),
          int32_t(channels), width * channels};
}

std::string npy_header(int32_t width, int32_t height, int32_t channels) {
  std::string header(kMagic);
  header += std::string_view("\x01\x00", 2);
  header += static_cast<char>(kHeaderBytes - 10);
  header += '\0';
  header += fmt::format("{{'descr': '|u1', 'fortran_order': False, 'shape': ({}, {}, {}), }}",
                        height, width, channels);
  STOKER_CHECK(header.size() < kHeaderBytes, "{} bytes", header.size());
  header.resize(kHeaderBytes - 1, ' ');
  return header + '\n';
}

}  // namespace stoker::shards

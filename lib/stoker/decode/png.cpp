#include "stoker/decode/png.h"

#include <png.h>

#include <array>
#include <cstdio>

#include "stoker/core/byte_reader.h"
#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/decode/alpha.h"
#include "stoker/decode/c_guard.h"
#include "stoker/decode/exif.h"
#include "stoker/decode/pixel_limits.h"

namespace stoker::decode {
namespace {

struct Header {
  uint32_t width = 0, height = 0;
  int bits = 0, color_type = 0;
  int orientation = 1;

  int32_t channels() const { return (color_type & PNG_COLOR_MASK_COLOR) ? 3 : 1; }
};

// IHDR is always first and of fixed size, so the limits hold before libpng sees the file.
Header read_header(Bytes file, std::string_view name, const DecodeLimits& limits) {
  const ByteReader reader(file, ByteOrder::kBig);
  if (file.size() < 33 || !reader.has(12, "IHDR"))
    throw DataError(fmt::format("{}: PNG without a header: {} bytes, truncated or damaged",
                                shown(name), file.size()));
  Header header{*reader.u32(16), *reader.u32(20), *reader.u8(24), *reader.u8(25), 1};
  check_pixels(name, header.width, header.height, limits);
  // Deflate reaches 1032 bytes for one, and a byte holds at most eight pixels.
  const unsigned pixels_per_byte = header.bits >= 8 ? 1 : 8;
  check_compression(name, header.width, header.height, file.size(), 1032 * pixels_per_byte);
  header.orientation = png_orientation(file);
  return header;
}

std::string_view mode_name(const Header& header) {
  const bool deep = header.bits == 16;
  switch (header.color_type) {
    case PNG_COLOR_TYPE_GRAY:
      return deep ? "L16" : header.bits == 1 ? "1" : "L";
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      return deep ? "LA16" : "LA";
    case PNG_COLOR_TYPE_PALETTE:
      return "P";
    case PNG_COLOR_TYPE_RGB:
      return deep ? "RGB16" : "RGB";
    case PNG_COLOR_TYPE_RGB_ALPHA:
      return deep ? "RGBA16" : "RGBA";
    default:
      return "unknown";
  }
}

struct Reader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::jmp_buf jump{};
  Bytes file;
  size_t position = 0;
  std::array<char, 128> reason{};

  explicit Reader(Bytes bytes);
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Leaves out what only describes the image: profiles and texts, which may be large or broken.
  void skip_descriptions();
  void set_conversions();
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto& reader = *static_cast<Reader*>(png_get_error_ptr(png));
  std::snprintf(reader.reason.data(), reader.reason.size(), "%s", text);
  std::longjmp(reader.jump, 1);
}

void read_bytes(png_structp png, png_bytep out, size_t count) {
  auto& reader = *static_cast<Reader*>(png_get_io_ptr(png));
  if (count > reader.file.size() - reader.position) {
    reader.position = reader.file.size();
    png_error(png, "the file is truncated");
  }
  std::memcpy(out, reader.file.data() + reader.position, count);
  reader.position += count;
}

Reader::Reader(Bytes bytes) : file(bytes) {
  png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, [](png_structp, auto) {});
  info = png ? png_create_info_struct(png) : nullptr;
  if (!info) throw InternalError("libpng does not start: version mismatch or out of memory");
  png_set_read_fn(png, this, read_bytes);
}

void Reader::skip_descriptions() {
  static constexpr png_byte kChunks[] =
      "iCCP\0tEXt\0zTXt\0iTXt\0sPLT\0hIST\0tIME\0pCAL\0sCAL\0eXIf";
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, kChunks, sizeof kChunks / 5);
}

void Reader::set_conversions() {
  png_set_scale_16(png);
  png_set_expand(png);  // palette to RGB, gray to 8 bits, tRNS to alpha
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
}

void remove_alpha(uint8_t* pixels, size_t count, int stored_channels) {
  if (stored_channels == 2) drop_alpha_in_place<1>(pixels, count);
  if (stored_channels == 4) drop_alpha_in_place<3>(pixels, count);
}

}  // namespace

ImageInfo probe_png(Bytes file, std::string_view name, const DecodeLimits& limits) {
  const Header header = read_header(file, name, limits);
  ImageInfo result;
  result.format = ImageFormat::kPng;
  result.orientation = header.orientation;
  result.width = static_cast<int32_t>(header.width);
  result.height = static_cast<int32_t>(header.height);
  if (swaps_sides(header.orientation)) std::swap(result.width, result.height);
  result.channels = header.channels();
  result.mode = mode_name(header);
  return result;
}

DecodedPng decode_png(Bytes file, std::string_view name, const DecodeLimits& limits,
                      std::vector<uint8_t>& buffer) {
  const Header header = read_header(file, name, limits);
  Reader reader(file);
  const auto fail = [&] {
    throw DataError(fmt::format("{}: PNG cannot be decoded, at byte {} of {}: {}", shown(name),
                                reader.position, file.size(), reader.reason.data()));
  };
  const bool begun = attempt(reader.jump, [&reader] {
    reader.skip_descriptions();
    png_read_info(reader.png, reader.info);
    reader.set_conversions();
  });
  if (!begun) fail();
  const size_t row_bytes = png_get_rowbytes(reader.png, reader.info);
  const int stored_channels = png_get_channels(reader.png, reader.info);
  buffer.resize(std::max(buffer.size(), row_bytes * header.height));
  std::vector<png_bytep> rows(header.height);
  for (size_t y = 0; y < rows.size(); ++y) rows[y] = buffer.data() + y * row_bytes;
  png_bytepp row_pointers = rows.data();
  const bool whole = attempt(reader.jump, [&reader, row_pointers] {
    png_read_image(reader.png, row_pointers);
    png_read_end(reader.png, nullptr);
  });
  if (!whole) fail();
  remove_alpha(buffer.data(), size_t{header.width} * header.height, stored_channels);
  const int32_t channels = header.channels();
  return {{buffer.data(), static_cast<int32_t>(header.width), static_cast<int32_t>(header.height),
           channels, static_cast<int64_t>(header.width) * channels},
          header.orientation};
}

}  // namespace stoker::decode

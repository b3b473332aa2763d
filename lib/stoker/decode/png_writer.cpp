#include <png.h>

#include <array>
#include <cstdio>
#include <cstring>

#include "stoker/core/error.h"
#include "stoker/decode/c_guard.h"
#include "stoker/decode/decode.h"

namespace stoker::decode {
namespace {

struct Writer {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::jmp_buf jump{};
  std::vector<std::byte> bytes;
  std::array<char, 128> reason{};

  ~Writer() { png_destroy_write_struct(&png, &info); }
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto& writer = *static_cast<Writer*>(png_get_error_ptr(png));
  std::snprintf(writer.reason.data(), writer.reason.size(), "%s", text);
  std::longjmp(writer.jump, 1);
}

void append(png_structp png, png_bytep data, size_t count) {
  auto& bytes = static_cast<Writer*>(png_get_io_ptr(png))->bytes;
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), begin, begin + count);
}

}  // namespace

std::vector<std::byte> encode_png(const kernels::ImageView& image) {
  STOKER_CHECK(image.channels == 1 || image.channels == 3, "channels={}", image.channels);
  Writer writer;
  writer.png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer, on_error, [](png_structp, auto) {});
  writer.info = writer.png ? png_create_info_struct(writer.png) : nullptr;
  if (!writer.info) throw InternalError("libpng does not start: version mismatch or out of memory");
  png_set_write_fn(writer.png, &writer, append, [](png_structp) {});
  const bool written = attempt(writer.jump, [&writer, &image] {
    png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width),
                 static_cast<png_uint_32>(image.height), 8,
                 image.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(writer.png, writer.info);
    for (int32_t y = 0; y < image.height; ++y)
      png_write_row(writer.png, image.pixels + y * image.row_bytes);
    png_write_end(writer.png, nullptr);
  });
  if (!written)
    throw InternalError(fmt::format("a PNG of {}x{} cannot be written: {}", image.width,
                                    image.height, writer.reason.data()));
  return std::move(writer.bytes);
}

}  // namespace stoker::decode

#include "decode/make_jpeg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>  // jpeglib.h needs FILE
#include <cstdlib>
#include <stdexcept>

#include <jpeglib.h>

#include "stoker/core/random.h"

namespace stoker::test {
namespace {

void throw_error(j_common_ptr common) {
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  throw std::runtime_error(text);
}

// Smooth, without symmetry, with noise so that all frequencies occur.
std::vector<uint8_t> pattern(const JpegKind& kind) {
  RandomStream random({.seed = kind.seed}, Purpose::kSynthesize);
  std::vector<uint8_t> pixels;
  for (int y = 0; y < kind.height; ++y)
    for (int x = 0; x < kind.width; ++x)
      for (int c = 0; c < kind.channels; ++c) {
        const double wave = std::sin(0.11 * x * (c + 1) + 0.07 * y) * std::cos(0.05 * y - 0.4 * c);
        const double value = 0.5 + 0.45 * wave + kind.noise * (random.uniform() - 0.5);
        pixels.push_back(uint8_t(std::clamp(255 * value, 0.0, 255.0)));
      }
  return pixels;
}

void write_orientation(j_compress_ptr info, int orientation) {
  const uint8_t exif[] = {'E', 'x',  'i', 'f', 0,
                          0,   'I',  'I', '*', 0,
                          8,   0,    0,   0,   1,
                          0,   0x12, 1,   3,   0,
                          1,   0,    0,   0,   uint8_t(orientation),
                          0,   0,    0,   0,   0,
                          0,   0};
  jpeg_write_marker(info, JPEG_APP0 + 1, exif, sizeof exif);
}

void set_options(jpeg_compress_struct& info, const JpegKind& kind) {
  jpeg_set_defaults(&info);
  if (kind.store_rgb) jpeg_set_colorspace(&info, JCS_RGB);
  if (kind.channels == 3) {
    info.comp_info[0].h_samp_factor = kind.h_factor;
    info.comp_info[0].v_samp_factor = kind.v_factor;
  }
  jpeg_set_quality(&info, kind.quality, TRUE);
  info.restart_in_rows = kind.restart_rows;
  info.restart_interval = unsigned(kind.restart_blocks);
  info.optimize_coding = kind.optimize;
  info.arith_code = kind.arithmetic;
  if (kind.progressive) jpeg_simple_progression(&info);
}

}  // namespace

std::vector<std::byte> make_jpeg(const JpegKind& kind) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  errors.error_exit = throw_error;
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = JDIMENSION(kind.width);
  info.image_height = JDIMENSION(kind.height);
  info.input_components = kind.channels;
  info.in_color_space = kind.channels == 1   ? JCS_GRAYSCALE
                        : kind.channels == 3 ? JCS_RGB
                                             : JCS_CMYK;
  set_options(info, kind);
  jpeg_start_compress(&info, TRUE);
  if (kind.orientation > 1) write_orientation(&info, kind.orientation);
  std::vector<uint8_t> pixels = pattern(kind);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = &pixels[size_t(info.next_scanline) * size_t(kind.width * kind.channels)];
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  const auto* begin = reinterpret_cast<const std::byte*>(memory);
  std::vector<std::byte> file(begin, begin + size);
  jpeg_destroy_compress(&info);
  std::free(memory);
  return file;
}

ReferencePixels libjpeg_pixels(const std::vector<std::byte>& file, int scale) {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  errors.error_exit = throw_error;
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&info, TRUE);
  if (info.jpeg_color_space != JCS_GRAYSCALE) info.out_color_space = JCS_RGB;
  info.scale_num = 1;
  info.scale_denom = unsigned(scale);
  jpeg_start_decompress(&info);
  ReferencePixels result{
      int(info.output_width), int(info.output_height), info.output_components, {}};
  const size_t row_bytes = size_t(result.width * result.channels);
  result.pixels.resize(row_bytes * size_t(result.height));
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = &result.pixels[info.output_scanline * row_bytes];
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return result;
}

}  // namespace stoker::test

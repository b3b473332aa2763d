#include "stoker/decode/jpeg_writer.h"

#include <algorithm>
#include <array>
#include <cstdio>  // jpeglib.h needs FILE
#include <cstdlib>

#include <jpeglib.h>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/decode/c_guard.h"
#include "stoker/decode/exif.h"

namespace stoker::decode {
namespace {

struct Failure {
  jpeg_error_mgr errors{};
  std::jmp_buf jump{};
  std::array<char, JMSG_LENGTH_MAX> reason{};

  Failure() {
    jpeg_std_error(&errors);
    errors.error_exit = [](j_common_ptr common) {
      auto& failure = *static_cast<Failure*>(common->client_data);
      common->err->format_message(common, failure.reason.data());
      std::longjmp(failure.jump, 1);
    };
    // Whoever recodes has decoded the file before, with warnings looked at one by one.
    errors.emit_message = [](j_common_ptr, int) {};
    errors.output_message = [](j_common_ptr) {};
  }
  Failure(const Failure&) = delete;
  Failure& operator=(const Failure&) = delete;
};

struct Writer {
  jpeg_compress_struct info{};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;

  ~Writer() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }
  void start(Failure& failure) {
    info.err = &failure.errors;
    info.client_data = &failure;
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &bytes, &size);
  }
  std::vector<std::byte> take() const {
    const auto* begin = reinterpret_cast<const std::byte*>(bytes);
    return {begin, begin + size};
  }
};

struct Reader {
  jpeg_decompress_struct info{};
  jpeg_progress_mgr progress{};

  ~Reader() { jpeg_destroy_decompress(&info); }
  void start(Failure& failure, Bytes file) {
    info.err = &failure.errors;
    info.client_data = &failure;
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(file.data()), file.size());
    jpeg_read_header(&info, TRUE);
  }
};

void set_form(jpeg_compress_struct& info, bool restart_rows) {
  info.optimize_coding = TRUE;
  info.restart_in_rows = restart_rows ? 1 : 0;
}

// An APP1 segment with the orientation alone (EXIF 2.3, 4.6.4 A: tag 0x112, a SHORT).
void write_orientation(jpeg_compress_struct& info, int orientation) {
  const std::array<unsigned char, 32> exif{
      'E', 'x',  'i', 'f', 0,
      0,   'I',  'I', '*', 0,
      8,   0,    0,   0,   1,
      0,   0x12, 1,   3,   0,
      1,   0,    0,   0,   static_cast<unsigned char>(orientation),
      0,   0,    0,   0,   0,
      0,   0};
  jpeg_write_marker(&info, JPEG_APP0 + 1, exif.data(), exif.size());
}

}  // namespace

std::vector<std::byte> encode_jpeg(const kernels::ImageView& image, const JpegOptions& options) {
  STOKER_CHECK(image.channels == 1 || image.channels == 3, "channels={}", image.channels);
  Failure failure;
  Writer writer;
  const bool written = attempt(failure.jump, [&] {
    writer.start(failure);
    jpeg_compress_struct& info = writer.info;
    info.image_width = static_cast<JDIMENSION>(image.width);
    info.image_height = static_cast<JDIMENSION>(image.height);
    info.input_components = image.channels;
    info.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, options.quality, TRUE);
    if (!options.halve_chroma)
      info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
    set_form(info, options.restart_rows);
    jpeg_start_compress(&info, TRUE);
    for (int32_t y = 0; y < image.height; ++y) {
      auto* row = const_cast<JSAMPROW>(image.pixels + y * image.row_bytes);
      jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
  });
  if (!written)
    throw DataError(fmt::format("an image of {}x{} cannot be written as JPEG: {}", image.width,
                                image.height, failure.reason.data()));
  return writer.take();
}

std::optional<std::vector<std::byte>> recode_jpeg(Bytes file, std::string_view name,
                                                  const DecodeLimits& limits) {
  Decoder(limits).probe(file, name);  // the limits on the size
  const int orientation = jpeg_orientation(file);
  Failure failure;
  Reader reader;
  Writer writer;
  bool has_form = false;
  const bool done = attempt(failure.jump, [&] {
    reader.start(failure, file);
    const J_COLOR_SPACE space = reader.info.jpeg_color_space;
    has_form = !reader.info.arith_code &&
               (space == JCS_GRAYSCALE || space == JCS_YCbCr || space == JCS_RGB);
    if (!has_form) return;
    jvirt_barray_ptr* coefficients = jpeg_read_coefficients(&reader.info);
    writer.start(failure);
    jpeg_copy_critical_parameters(&reader.info, &writer.info);
    set_form(writer.info, true);
    jpeg_write_coefficients(&writer.info, coefficients);
    if (orientation != 1) write_orientation(writer.info, orientation);
    jpeg_finish_compress(&writer.info);
    jpeg_finish_decompress(&reader.info);
  });
  if (!done)
    throw DataError(
        fmt::format("{}: JPEG cannot be recoded: {}", shown(name), failure.reason.data()));
  if (!has_form) return std::nullopt;
  return writer.take();
}

}  // namespace stoker::decode

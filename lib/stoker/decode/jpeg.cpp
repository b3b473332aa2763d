#include "stoker/decode/jpeg.h"

#include <algorithm>
#include <array>
#include <cstdio>  // jpeglib.h needs FILE

#include <jpeglib.h>

#include <jerror.h>  // its list depends on macros of jpeglib.h

#include "stoker/core/error.h"
#include "stoker/decode/c_guard.h"
#include "stoker/decode/exif.h"
#include "stoker/decode/pixel_limits.h"

namespace stoker::decode {
namespace {

// Warnings after which libjpeg goes on with made-up pixels. The others (bytes between segments, odd
// versions) leave the picture whole.
bool loses_pixels(int message) {
  switch (message) {
    case JWRN_HIT_MARKER:
    case JWRN_JPEG_EOF:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
      return true;
    default:
      return false;
  }
}

// Four-component JPEGs store ink inverted (Adobe's way), and every viewer assumes so, marker or
// not.
void cmyk_to_rgb_in_place(std::vector<uint8_t>& pixels, size_t count) {
  const auto scaled = [](unsigned value, unsigned black) {
    const unsigned product = value * black + 128;
    return static_cast<uint8_t>((product + (product >> 8)) >> 8);  // rounded product / 255
  };
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* in = &pixels[4 * i];
    const std::array<uint8_t, 3> rgb{scaled(in[0], in[3]), scaled(in[1], in[3]),
                                     scaled(in[2], in[3])};
    std::copy(rgb.begin(), rgb.end(), &pixels[3 * i]);
  }
}

std::string_view mode_name(J_COLOR_SPACE space) {
  switch (space) {
    case JCS_GRAYSCALE:
      return "L";
    case JCS_RGB:
      return "RGB";
    case JCS_YCbCr:
      return "YCbCr";
    case JCS_CMYK:
      return "CMYK";
    case JCS_YCCK:
      return "YCCK";
    default:
      return "unknown";
  }
}

}  // namespace

struct JpegDecoder::Impl {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_source_mgr source{};
  jpeg_progress_mgr progress{};
  std::jmp_buf jump{};
  int max_scans = 0;
  Bytes file;
  std::array<char, JMSG_LENGTH_MAX> reason{};

  Impl();
  ~Impl() { jpeg_destroy_decompress(&info); }

  void read_header(Bytes bytes, std::string_view name, const DecodeLimits& limits);
  void read_rows(uint8_t* pixels, size_t row_bytes);
  [[noreturn]] void fail(std::string_view name);

  static Impl& of(j_common_ptr common) { return *static_cast<Impl*>(common->client_data); }
  static Impl& of(j_decompress_ptr info) { return *static_cast<Impl*>(info->client_data); }
  [[noreturn]] void leave_with(const char* text) {
    std::snprintf(reason.data(), reason.size(), "%s", text);
    std::longjmp(jump, 1);
  }
  void install_callbacks();
};

void JpegDecoder::Impl::install_callbacks() {
  errors.error_exit = [](j_common_ptr common) {
    common->err->format_message(common, of(common).reason.data());
    std::longjmp(of(common).jump, 1);
  };
  errors.emit_message = [](j_common_ptr common, int level) {
    if (level < 0 && loses_pixels(common->err->msg_code)) common->err->error_exit(common);
  };
  errors.output_message = [](j_common_ptr) {};
  source.init_source = [](j_decompress_ptr) {};
  source.fill_input_buffer = [](j_decompress_ptr i) -> boolean {
    of(i).leave_with("the file is truncated: it ends in the middle of the image");
  };
  source.skip_input_data = [](j_decompress_ptr i, long bytes) {
    if (bytes <= 0) return;
    if (static_cast<size_t>(bytes) > i->src->bytes_in_buffer) {
      i->src->next_input_byte += i->src->bytes_in_buffer;
      of(i).leave_with("the file is truncated: it ends inside a header segment");
    }
    i->src->next_input_byte += bytes;
    i->src->bytes_in_buffer -= static_cast<size_t>(bytes);
  };
  source.resync_to_restart = jpeg_resync_to_restart;
  source.term_source = [](j_decompress_ptr) {};
  // Called once per pass over a row of blocks; the way of djpeg's -maxscans.
  progress.progress_monitor = [](j_common_ptr common) {
    if (!common->is_decompressor) return;
    const auto* i = reinterpret_cast<j_decompress_ptr>(common);
    if (i->input_scan_number > of(common).max_scans)
      of(common).leave_with("it has more progressive scans than allowed, as a decoding bomb does");
  };
}

JpegDecoder::Impl::Impl() {
  info.err = jpeg_std_error(&errors);
  info.client_data = this;
  install_callbacks();
  if (!attempt(jump, [this] { jpeg_create_decompress(&info); }))
    throw InternalError(fmt::format("libjpeg does not start: {}", reason.data()));
  info.src = &source;
  info.progress = &progress;
}

void JpegDecoder::Impl::fail(std::string_view name) {
  const auto* begin = reinterpret_cast<const JOCTET*>(file.data());
  const auto byte = source.next_input_byte - begin;
  jpeg_abort_decompress(&info);
  throw DataError(fmt::format("{}: JPEG cannot be decoded, at byte {} of {}: {}", name, byte,
                              file.size(), reason.data()));
}

void JpegDecoder::Impl::read_header(Bytes bytes, std::string_view name,
                                    const DecodeLimits& limits) {
  file = bytes;
  max_scans = limits.max_progressive_scans;
  jpeg_abort_decompress(&info);
  source.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
  source.bytes_in_buffer = bytes.size();
  if (!attempt(jump, [this] { jpeg_read_header(&info, TRUE); })) fail(name);
  check_pixels(name, info.image_width, info.image_height, limits);
  // The component of full resolution takes at least one bit for each block of 64 pixels, unless it
  // is coded arithmetically.
  if (!info.arith_code)
    check_compression(name, info.image_width, info.image_height, bytes.size(), 512);
}

void JpegDecoder::Impl::read_rows(uint8_t* pixels, size_t row_bytes) {
  constexpr JDIMENSION kRowsAtOnce = 16;
  std::array<JSAMPROW, kRowsAtOnce> rows;
  while (info.output_scanline < info.output_height) {
    const JDIMENSION count = std::min(kRowsAtOnce, info.output_height - info.output_scanline);
    for (JDIMENSION i = 0; i < count; ++i)
      rows[i] = pixels + (size_t{info.output_scanline} + i) * row_bytes;
    jpeg_read_scanlines(&info, rows.data(), count);
  }
}

JpegDecoder::JpegDecoder() : impl_(std::make_unique<Impl>()) {}
JpegDecoder::~JpegDecoder() = default;
JpegDecoder::JpegDecoder(JpegDecoder&&) noexcept = default;
JpegDecoder& JpegDecoder::operator=(JpegDecoder&&) noexcept = default;

ImageInfo JpegDecoder::probe(Bytes file, std::string_view name, const DecodeLimits& limits) {
  Impl& impl = *impl_;
  impl.read_header(file, name, limits);
  ImageInfo result;
  result.format = ImageFormat::kJpeg;
  result.orientation = jpeg_orientation(file);
  result.width = static_cast<int32_t>(impl.info.image_width);
  result.height = static_cast<int32_t>(impl.info.image_height);
  if (swaps_sides(result.orientation)) std::swap(result.width, result.height);
  result.channels = impl.info.jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
  result.mode = mode_name(impl.info.jpeg_color_space);
  return result;
}

JpegDecoder::Decoded JpegDecoder::decode(Bytes file, std::string_view name,
                                         const DecodeLimits& limits, std::vector<uint8_t>& buffer) {
  Impl& impl = *impl_;
  impl.read_header(file, name, limits);
  const bool gray = impl.info.jpeg_color_space == JCS_GRAYSCALE;
  const bool ink = impl.info.num_components == 4;
  impl.info.out_color_space = gray ? JCS_GRAYSCALE : ink ? JCS_CMYK : JCS_RGB;
  const size_t width = impl.info.image_width;
  const size_t height = impl.info.image_height;
  const size_t row_bytes = width * (gray ? 1 : ink ? 4 : 3);
  buffer.resize(std::max(buffer.size(), row_bytes * height));
  uint8_t* pixels = buffer.data();
  const bool whole = attempt(impl.jump, [&impl, pixels, row_bytes] {
    jpeg_start_decompress(&impl.info);
    impl.read_rows(pixels, row_bytes);
  });
  if (!whole) impl.fail(name);
  jpeg_abort_decompress(&impl.info);
  if (ink) cmyk_to_rgb_in_place(buffer, width * height);
  const int32_t channels = gray ? 1 : 3;
  return {{buffer.data(), static_cast<int32_t>(width), static_cast<int32_t>(height), channels,
           static_cast<int64_t>(width) * channels},
          jpeg_orientation(file)};
}

}  // namespace stoker::decode

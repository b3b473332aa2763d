#include "stoker/decode/jpeg.h"

#include <algorithm>
#include <array>
#include <cstdio>  // jpeglib.h needs FILE

#include <jpeglib.h>

#include <jerror.h>  // its list depends on macros of jpeglib.h

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/decode/c_guard.h"
#include "stoker/decode/exif.h"
#include "stoker/decode/jpeg_color.h"
#include "stoker/decode/jpeg_frame.h"
#include "stoker/decode/orientation.h"
#include "stoker/decode/pixel_limits.h"

namespace stoker::decode {

using kernels::Region;

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

kernels::ImageView view_of(const std::vector<uint8_t>& buffer, const Region& region,
                           int32_t channels, int32_t whole_width, int32_t whole_height) {
  kernels::ImageView view{buffer.data(), region.width, region.height, channels,
                          int64_t{region.width} * channels};
  if (region.width == whole_width && region.height == whole_height) return view;
  view.x = region.x;
  view.y = region.y;
  view.whole_width = whole_width;
  view.whole_height = whole_height;
  return view;
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
  BaselineDecoder baseline;
  JpegFrame frame;
  std::array<char, JMSG_LENGTH_MAX> reason{};
  int files = 0;  // since create()

  Impl();
  ~Impl() { jpeg_destroy_decompress(&info); }

  void create();
  // libjpeg keeps the tables of the file before for one that has none.
  void forget_tables();

  void read_header(Bytes bytes, std::string_view name, const DecodeLimits& limits);
  // The rows and columns to ask for so that `wanted` comes out exact.
  Region choose(const Region& wanted, int shrink);
  // Starts at the chosen rows; returns the columns that they hold. Jumps on errors.
  Region start(const Region& chosen);
  void read_rows(uint8_t* pixels, size_t row_bytes, JDIMENSION count);
  // Without libjpeg's entropy decoder, where our own knows the file.
  bool read_by_baseline(const Region& wanted, int shrink, std::string_view name,
                        std::vector<uint8_t>& buffer);
  kernels::ImageView read(const Region& wanted, int shrink, std::string_view name,
                          std::vector<uint8_t>& buffer);
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
  create();
}

void JpegDecoder::Impl::create() {
  if (!attempt(jump, [this] { jpeg_create_decompress(&info); }))
    throw InternalError(fmt::format("libjpeg does not start: {}", reason.data()));
  info.src = &source;
  info.progress = &progress;
}

void JpegDecoder::Impl::forget_tables() {
  // Their memory, some 3 KB a file, comes back with the object's.
  constexpr int kFilesPerObject = 64;
  if (++files >= kFilesPerObject) {
    files = 0;
    jpeg_destroy_decompress(&info);
    create();
    return;
  }
  std::ranges::fill(info.quant_tbl_ptrs, nullptr);
  std::ranges::fill(info.dc_huff_tbl_ptrs, nullptr);
  std::ranges::fill(info.ac_huff_tbl_ptrs, nullptr);
}

void JpegDecoder::Impl::fail(std::string_view name) {
  const auto* begin = reinterpret_cast<const JOCTET*>(file.data());
  const auto byte = source.next_input_byte - begin;
  jpeg_abort_decompress(&info);
  throw DataError(fmt::format("{}: JPEG cannot be decoded, at byte {} of {}: {}", shown(name), byte,
                              file.size(), reason.data()));
}

void JpegDecoder::Impl::read_header(Bytes bytes, std::string_view name,
                                    const DecodeLimits& limits) {
  file = bytes;
  max_scans = limits.max_progressive_scans;
  jpeg_abort_decompress(&info);
  forget_tables();
  source.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
  source.bytes_in_buffer = bytes.size();
  if (!attempt(jump, [this] { jpeg_read_header(&info, TRUE); })) fail(name);
  // It would make a region of a progressive file that lacks scans differ from the whole.
  info.do_block_smoothing = FALSE;
  check_pixels(name, info.image_width, info.image_height, limits);
  // The component of full resolution takes at least one bit for each block of 64 pixels, unless it
  // is coded arithmetically.
  if (!info.arith_code)
    check_compression(name, info.image_width, info.image_height, bytes.size(), 512);
}

Region JpegDecoder::Impl::choose(const Region& wanted, int shrink) {
  info.scale_num = 1;
  info.scale_denom = static_cast<unsigned>(shrink);
  jpeg_calc_output_dimensions(&info);
  const auto width = static_cast<int32_t>(info.output_width);
  const auto height = static_cast<int32_t>(info.output_height);
  STOKER_CHECK(wanted.x >= 0 && wanted.y >= 0 && wanted.width > 0 && wanted.height > 0 &&
                   wanted.x + wanted.width <= width && wanted.y + wanted.height <= height,
               "region {} {} {}x{} of {}x{}", wanted.x, wanted.y, wanted.width, wanted.height,
               width, height);
  // libjpeg takes the first and last columns of a crop for the image's own edge when it
  // interpolates colour.
  constexpr int32_t kMargin = 2;
  // Colour at a quarter of the width, shrunk, comes out shifted by libjpeg-turbo 2.1's crop.
  const bool crops = shrink == 1 || info.max_h_samp_factor <= 2;
  const int32_t begin = crops ? std::max(wanted.x - kMargin, 0) : 0;
  const int32_t end = crops ? std::min(wanted.x + wanted.width + kMargin, width) : width;
  return {begin, wanted.y, end - begin, wanted.height};
}

Region JpegDecoder::Impl::start(const Region& chosen) {
  jpeg_start_decompress(&info);
  Region region = chosen;
  if (static_cast<JDIMENSION>(chosen.width) < info.output_width) {
    auto x = static_cast<JDIMENSION>(chosen.x), width = static_cast<JDIMENSION>(chosen.width);
    jpeg_crop_scanline(&info, &x, &width);  // widens to whole blocks
    region.x = static_cast<int32_t>(x);
    region.width = static_cast<int32_t>(width);
  }
  if (chosen.y > 0) jpeg_skip_scanlines(&info, static_cast<JDIMENSION>(chosen.y));
  return region;
}

void JpegDecoder::Impl::read_rows(uint8_t* pixels, size_t row_bytes, JDIMENSION count) {
  constexpr JDIMENSION kRowsAtOnce = 16;
  std::array<JSAMPROW, kRowsAtOnce> rows;
  for (JDIMENSION done = 0; done < count;) {
    const JDIMENSION ask = std::min(kRowsAtOnce, count - done);
    for (JDIMENSION i = 0; i < ask; ++i) rows[i] = pixels + (size_t{done} + i) * row_bytes;
    done += jpeg_read_scanlines(&info, rows.data(), ask);
  }
}

bool JpegDecoder::Impl::read_by_baseline(const Region& wanted, int shrink, std::string_view name,
                                         std::vector<uint8_t>& buffer) {
  if (!read_baseline_frame(info, frame)) return false;
  if (!BaselineDecoder::can_shrink(frame, shrink)) return false;
  const size_t bytes = size_t(wanted.width) * size_t(wanted.height) * size_t(frame.count);
  buffer.resize(std::max(buffer.size(), bytes));
  const auto failure = baseline.decode(frame, wanted, shrink, buffer.data());
  if (failure) {
    std::snprintf(reason.data(), reason.size(), "%s", failure->reason);
    source.next_input_byte += failure->byte;
    fail(name);
  }
  return true;
}

kernels::ImageView JpegDecoder::Impl::read(const Region& wanted, int shrink, std::string_view name,
                                           std::vector<uint8_t>& buffer) {
  const bool gray = info.jpeg_color_space == JCS_GRAYSCALE;
  const bool ink = info.num_components == 4;
  info.out_color_space = gray ? JCS_GRAYSCALE : ink ? JCS_CMYK : JCS_RGB;
  const Region chosen = choose(wanted, shrink);
  const auto whole_width = static_cast<int32_t>(info.output_width);
  const auto whole_height = static_cast<int32_t>(info.output_height);
  if (read_by_baseline(wanted, shrink, name, buffer))
    return view_of(buffer, wanted, gray ? 1 : 3, whole_width, whole_height);
  Region region;
  if (!attempt(jump, [&, this] { region = start(chosen); })) fail(name);
  const size_t row_bytes = size_t(region.width) * (gray ? 1 : ink ? 4 : 3);
  buffer.resize(std::max(buffer.size(), row_bytes * size_t(region.height)));
  uint8_t* pixels = buffer.data();
  const auto rows = static_cast<JDIMENSION>(region.height);
  if (!attempt(jump, [&, this] { read_rows(pixels, row_bytes, rows); })) fail(name);
  jpeg_abort_decompress(&info);
  if (ink) cmyk_to_rgb_in_place(buffer, size_t(region.width) * size_t(region.height));
  return view_of(buffer, region, gray ? 1 : 3, whole_width, whole_height);
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
  const Region all{0, 0, static_cast<int32_t>(impl.info.image_width),
                   static_cast<int32_t>(impl.info.image_height)};
  return {impl.read(all, 1, name, buffer), jpeg_orientation(file)};
}

JpegDecoder::Decoded JpegDecoder::decode_region(Bytes file, std::string_view name,
                                                const DecodeLimits& limits, const Region& region,
                                                int shrink, std::vector<uint8_t>& buffer) {
  STOKER_CHECK(shrink == 1 || shrink == 2 || shrink == 4 || shrink == 8, "shrink={}", shrink);
  Impl& impl = *impl_;
  impl.read_header(file, name, limits);
  const int orientation = jpeg_orientation(file);
  const auto shrunk = [shrink](JDIMENSION side) {
    return static_cast<int32_t>((side + static_cast<JDIMENSION>(shrink) - 1) /
                                static_cast<JDIMENSION>(shrink));
  };
  const Region stored =
      to_stored(region, orientation, shrunk(impl.info.image_width), shrunk(impl.info.image_height));
  return {impl.read(stored, shrink, name, buffer), orientation};
}

}  // namespace stoker::decode

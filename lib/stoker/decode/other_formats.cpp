#include "stoker/decode/other_formats.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/decode/exif.h"
#include "stoker/decode/foreign_header.h"
#include "stoker/decode/format_decoders.h"
#include "stoker/decode/pixel_limits.h"
#if STOKER_HAS_OPENCV
#include "stoker/decode/opencv_loader.h"
#endif

namespace stoker::decode {
namespace {

// The header, refused if it is damaged or asks for too much.
ForeignHeader checked_header(Bytes file, std::string_view name, const DecodeLimits& limits) {
  const std::optional<ForeignHeader> header = read_foreign_header(file);
  STOKER_CHECK(header, "{} is none of the formats of is_other_format", name);
  if (!header->is_whole)
    throw DataError(fmt::format("{}: {} with a damaged or truncated header ({} bytes)", shown(name),
                                header->format, file.size()));
  check_pixels(name, header->width, header->height, limits);
  return *header;
}

#if STOKER_HAS_OPENCV
struct Release {
  void operator()(StokerOpencvImage* image) const { opencv_module().release(image); }
};

kernels::ImageView decode_by_opencv(Bytes file, std::string_view name, const ForeignHeader& header,
                                    std::vector<uint8_t>& buffer) {
  const OpencvModule& module = opencv_module();
  StokerOpencvImage decoded = module.decode(reinterpret_cast<const uint8_t*>(file.data()),
                                            file.size(), header.has_alpha ? 1 : 0);
  const std::unique_ptr<StokerOpencvImage, Release> release(&decoded);
  if (!decoded.pixels) fail_to_decode(name, header, decoded.reason);
  check_size(name, header, static_cast<uint64_t>(decoded.width),
             static_cast<uint64_t>(decoded.height));
  if (decoded.channels > header.channels)
    fail_to_decode(name, header, "it decodes to color where its header says gray");
  const auto width = static_cast<int32_t>(header.width);
  const size_t count = header.width * header.height;
  const auto channels = static_cast<size_t>(header.channels);
  buffer.resize(std::max(buffer.size(), count * channels));
  if (decoded.channels == header.channels)
    std::memcpy(buffer.data(), decoded.pixels, count * channels);
  else  // a palette of gray levels
    for (size_t i = 0; i < count; ++i)
      std::fill_n(buffer.data() + i * channels, channels, decoded.pixels[i]);
  return {buffer.data(), width, static_cast<int32_t>(header.height), header.channels,
          int64_t{width} * header.channels};
}
#else
kernels::ImageView decode_by_opencv(Bytes, std::string_view name, const ForeignHeader& header,
                                    std::vector<uint8_t>&) {
  throw DataError(fmt::format(
      "{}: {} is read through OpenCV, which this build leaves out (STOKER_OPENCV=OFF); convert "
      "the file to PNG or JPEG",
      shown(name), header.format));
}
#endif

kernels::ImageView decode_stored(Bytes file, std::string_view name, const ForeignHeader& header,
                                 std::vector<uint8_t>& buffer) {
  switch (header.kind) {
    case ForeignKind::kGif:
      return decode_gif(file, name, header, buffer);
    case ForeignKind::kWebp:
      return decode_webp(file, name, header, buffer);
    case ForeignKind::kTiff:
      return decode_tiff(file, name, header, buffer);
    case ForeignKind::kBmp:
    case ForeignKind::kPnm:
      break;
  }
  return decode_by_opencv(file, name, header, buffer);
}

}  // namespace

void fail_to_decode(std::string_view name, const ForeignHeader& header, std::string_view reason) {
  throw DataError(
      fmt::format("{}: {} cannot be decoded: {}; if other programs show it, convert it to PNG",
                  shown(name), header.format, reason));
}

void check_size(std::string_view name, const ForeignHeader& header, uint64_t width,
                uint64_t height) {
  if (width != header.width || height != header.height)
    throw DataError(fmt::format("{}: {} whose header says {}x{}, but which decodes to {}x{}",
                                shown(name), header.format, header.width, header.height, width,
                                height));
}

bool is_other_format(Bytes file) { return read_foreign_header(file).has_value(); }

ImageInfo probe_other(Bytes file, std::string_view name, const DecodeLimits& limits) {
  const ForeignHeader header = checked_header(file, name, limits);
  ImageInfo info;
  info.format = ImageFormat::kOther;
  info.orientation = header.orientation;
  info.width = static_cast<int32_t>(header.width);
  info.height = static_cast<int32_t>(header.height);
  if (swaps_sides(info.orientation)) std::swap(info.width, info.height);
  info.channels = header.channels;
  info.mode = header.format;
  return info;
}

DecodedOther decode_other(Bytes file, std::string_view name, const DecodeLimits& limits,
                          std::vector<uint8_t>& buffer) {
  const ForeignHeader header = checked_header(file, name, limits);
  if (file.size() > size_t{1} << 30)
    throw DataError(
        fmt::format("{}: {} files above 1 GiB are not read", shown(name), header.format));
  return {decode_stored(file, name, header, buffer), header.orientation};
}

}  // namespace stoker::decode

#include "stoker/decode/other_formats.h"

#include <cstring>
#include <memory>

#include "stoker/core/error.h"
#include "stoker/decode/exif.h"
#include "stoker/decode/foreign_header.h"
#include "stoker/decode/orientation.h"
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
    throw DataError(fmt::format("{}: {} with a damaged or truncated header ({} bytes)", name,
                                header->format, file.size()));
  check_pixels(name, header->width, header->height, limits);
  return *header;
}

#if STOKER_HAS_OPENCV
// Crops are drawn from the header's size.
void check_size(const StokerOpencvImage& decoded, const ForeignHeader& header,
                std::string_view name) {
  const bool turned = header.decoder_turns && swaps_sides(header.orientation);
  const uint64_t width = turned ? header.height : header.width;
  const uint64_t height = turned ? header.width : header.height;
  if (static_cast<uint64_t>(decoded.width) != width ||
      static_cast<uint64_t>(decoded.height) != height)
    throw DataError(fmt::format("{}: {} whose header says {}x{}, but which decodes to {}x{}", name,
                                header.format, width, height, decoded.width, decoded.height));
}

struct Release {
  void operator()(StokerOpencvImage* image) const { opencv_module().release(image); }
};
#endif

}  // namespace

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

kernels::ImageView decode_other(Bytes file, std::string_view name, const DecodeLimits& limits,
                                std::vector<uint8_t>& buffer) {
  const ForeignHeader header = checked_header(file, name, limits);
#if STOKER_HAS_OPENCV
  if (file.size() > size_t{1} << 30)
    throw DataError(fmt::format("{}: {} files above 1 GiB are not read", name, header.format));
  const OpencvModule& module = opencv_module();
  StokerOpencvImage decoded =
      module.decode(reinterpret_cast<const uint8_t*>(file.data()), file.size());
  const std::unique_ptr<StokerOpencvImage, Release> release(&decoded);
  if (!decoded.pixels)
    throw DataError(
        fmt::format("{}: {} cannot be decoded: {}; if other programs show it, convert it to PNG",
                    name, header.format, decoded.reason));
  check_size(decoded, header, name);
  const int64_t row_bytes = int64_t{decoded.width} * decoded.channels;
  const kernels::ImageView stored{decoded.pixels, decoded.width, decoded.height, decoded.channels,
                                  row_bytes};
  return turn_upright(stored, header.decoder_turns ? 1 : header.orientation, buffer);
#else
  static_cast<void>(buffer);
  throw DataError(fmt::format(
      "{}: {} is read through OpenCV, which this build leaves out (STOKER_OPENCV=OFF); convert "
      "the file to PNG or JPEG",
      name, header.format));
#endif
}

}  // namespace stoker::decode

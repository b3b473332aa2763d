#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "stoker/decode/alpha.h"
#include "stoker/decode/format_decoders.h"

namespace stoker::decode {
namespace {

// As libwebp documents its codes (webp/decode.h).
std::string_view reason_of(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
      return "out of memory";
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return "the file is truncated";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "it has a feature that libwebp does not read";
    default:
      return "the file is damaged";
  }
}

const uint8_t* data_of(Bytes file) { return reinterpret_cast<const uint8_t*>(file.data()); }

// RGBA of the first frame, composited on a transparent canvas.
void decode_first_frame(Bytes file, std::string_view name, const ForeignHeader& header,
                        std::vector<uint8_t>& buffer) {
  WebPAnimDecoderOptions options;
  if (!WebPAnimDecoderOptionsInit(&options)) fail_to_decode(name, header, "libwebp does not start");
  options.color_mode = MODE_RGBA;
  const WebPData data{data_of(file), file.size()};
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(
      WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
  WebPAnimInfo info;
  uint8_t* frame = nullptr;
  int time_ms = 0;
  if (!decoder || !WebPAnimDecoderGetInfo(decoder.get(), &info))
    fail_to_decode(name, header, "the file is truncated or damaged");
  check_size(name, header, info.canvas_width, info.canvas_height);
  if (!WebPAnimDecoderGetNext(decoder.get(), &frame, &time_ms))
    fail_to_decode(name, header, "its first frame is truncated or damaged");
  std::memcpy(buffer.data(), frame, size_t{4} * info.canvas_width * info.canvas_height);
}

}  // namespace

kernels::ImageView decode_webp(Bytes file, std::string_view name, const ForeignHeader& header,
                               std::vector<uint8_t>& buffer) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(data_of(file), file.size(), &features);
  if (status != VP8_STATUS_OK) fail_to_decode(name, header, reason_of(status));
  check_size(name, header, static_cast<uint64_t>(features.width),
             static_cast<uint64_t>(features.height));
  const size_t pixels = header.width * header.height;
  const bool has_four = features.has_animation || features.has_alpha;
  const size_t bytes = pixels * (has_four ? 4 : 3);
  buffer.resize(std::max(buffer.size(), bytes));
  if (features.has_animation) {
    decode_first_frame(file, name, header, buffer);
  } else {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) fail_to_decode(name, header, "libwebp does not start");
    config.output.colorspace = has_four ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA = {buffer.data(), static_cast<int>(bytes / header.height), bytes};
    const VP8StatusCode decoded = WebPDecode(data_of(file), file.size(), &config);
    if (decoded != VP8_STATUS_OK) fail_to_decode(name, header, reason_of(decoded));
  }
  if (has_four) drop_alpha_in_place<3>(buffer.data(), pixels);
  return {buffer.data(), static_cast<int32_t>(header.width), static_cast<int32_t>(header.height), 3,
          static_cast<int64_t>(3 * header.width)};
}

}  // namespace stoker::decode

// Formats beside JPEG and PNG: known by their first bytes, measured by hand, decoded by libraries
// (format_decoders.h; BMP and PNM by OpenCV).
//
// Only formats whose header is understood here reach a library, so the limits hold before it
// allocates.
#pragma once

#include <string_view>
#include <vector>

#include "stoker/decode/decode.h"

namespace stoker::decode {

// WebP, BMP, TIFF, PNM, GIF.
bool is_other_format(Bytes file);
ImageInfo probe_other(Bytes file, std::string_view name, const DecodeLimits& limits);

struct DecodedOther {
  kernels::ImageView image;  // as stored, in the caller's buffer
  int orientation = 1;       // still to be applied
};
DecodedOther decode_other(Bytes file, std::string_view name, const DecodeLimits& limits,
                          std::vector<uint8_t>& buffer);

}  // namespace stoker::decode

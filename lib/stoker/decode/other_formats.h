// Formats beside JPEG and PNG: told by their first bytes, measured by hand, decoded by OpenCV.
//
// Only formats whose header is understood here reach OpenCV, so the limits hold before it
// allocates.
#pragma once

#include <string_view>
#include <vector>

#include "stoker/decode/decode.h"

namespace stoker::decode {

// WebP, BMP, TIFF, PNM, GIF.
bool is_other_format(Bytes file);
ImageInfo probe_other(Bytes file, std::string_view name, const DecodeLimits& limits);
// Upright, in `buffer`.
kernels::ImageView decode_other(Bytes file, std::string_view name, const DecodeLimits& limits,
                                std::vector<uint8_t>& buffer);

}  // namespace stoker::decode

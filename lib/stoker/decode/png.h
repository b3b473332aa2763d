// PNG by libpng: all colour types and bit depths, interlaced or not. Used through Decoder.
#pragma once

#include <string_view>
#include <vector>

#include "stoker/decode/decode.h"

namespace stoker::decode {

ImageInfo probe_png(Bytes file, std::string_view name, const DecodeLimits& limits);

struct DecodedPng {
  kernels::ImageView image;  // as stored, in the caller's buffer
  int orientation = 1;       // of an eXIf chunk; still to be applied
};
DecodedPng decode_png(Bytes file, std::string_view name, const DecodeLimits& limits,
                      std::vector<uint8_t>& buffer);

}  // namespace stoker::decode

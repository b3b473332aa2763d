// What a header may ask for before anything is allocated for it.
#pragma once

#include <cstdint>
#include <string_view>

#include "stoker/decode/decode.h"

namespace stoker::decode {

// Throws DataError for an image without pixels or with more than the limit.
void check_pixels(std::string_view name, uint64_t width, uint64_t height,
                  const DecodeLimits& limits);

// Throws DataError if a file of this size cannot hold the image at the format's densest coding.
void check_compression(std::string_view name, uint64_t width, uint64_t height, uint64_t file_bytes,
                       uint64_t max_pixels_per_byte);

}  // namespace stoker::decode

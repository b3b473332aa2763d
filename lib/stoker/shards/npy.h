// Plain pixels as NumPy writes an array of uint8 (format versions 1.0 to 3.0: NEP 1), so that
// `numpy.load` and webdataset's own decoder read them.
#pragma once

#include <string>
#include <string_view>

#include "stoker/core/file.h"
#include "stoker/kernels/image.h"

namespace stoker::shards {

// The image of an array of shape (height, width, channels) or (height, width), channels 1 or 3, in
// C order. The view points into `file`. Throws DataError with the reason alone for every other
// array and where bytes are missing or left over.
kernels::ImageView parse_npy(Bytes file);

// Everything before the pixels: 128 bytes.
std::string npy_header(int32_t width, int32_t height, int32_t channels);

}  // namespace stoker::shards

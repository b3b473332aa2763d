// Turns an image upright by its EXIF orientation.
#pragma once

#include <vector>

#include "stoker/kernels/image.h"

namespace stoker::decode {

// A copy of `image`, upright, in `buffer`, which must not hold `image`. orientation: 1 to 8.
kernels::ImageView turn_upright(const kernels::ImageView& image, int orientation,
                                std::vector<uint8_t>& buffer);

}  // namespace stoker::decode

// Turns an image upright by its EXIF orientation.
#pragma once

#include <vector>

#include "stoker/kernels/image.h"

namespace stoker::decode {

// A copy of `image`, or of a part of one, upright, in `buffer`, which must not hold `image`.
// orientation: 1 to 8.
kernels::ImageView turn_upright(const kernels::ImageView& image, int orientation,
                                std::vector<uint8_t>& buffer);

// Where `region` of an image of stored size width x height lies once that is upright, and back.
kernels::Region to_upright(const kernels::Region& region, int orientation, int32_t width,
                           int32_t height);
kernels::Region to_stored(const kernels::Region& region, int orientation, int32_t width,
                          int32_t height);

}  // namespace stoker::decode

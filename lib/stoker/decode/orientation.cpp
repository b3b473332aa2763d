#include "stoker/decode/orientation.h"

#include <algorithm>

#include "stoker/core/error.h"
#include "stoker/decode/exif.h"

namespace stoker::decode {
namespace {

// Where the upright pixel (0, 0) lies in the stored image, and the byte steps along the upright row
// and column.
struct Walk {
  const uint8_t* origin;
  int64_t step_x, step_y;
};

Walk walk_of(const kernels::ImageView& image, int orientation) {
  const int64_t px = image.channels, row = image.row_bytes;
  const uint8_t* top_left = image.pixels;
  const uint8_t* top_right = top_left + (image.width - 1) * px;
  const uint8_t* bottom_left = top_left + (image.height - 1) * row;
  const uint8_t* bottom_right = bottom_left + (image.width - 1) * px;
  switch (orientation) {
    case 2:
      return {top_right, -px, row};
    case 3:
      return {bottom_right, -px, -row};
    case 4:
      return {bottom_left, px, -row};
    case 5:
      return {top_left, row, px};
    case 6:
      return {bottom_left, -row, px};
    case 7:
      return {bottom_right, -row, -px};
    case 8:
      return {top_right, row, -px};
    default:
      return {top_left, px, row};
  }
}

// Upright coordinates count from the stored right edge, or along the stored column from below.
bool from_right(int orientation) {
  return orientation == 2 || orientation == 3 || orientation >= 7;
}
bool from_below(int orientation) {
  return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

}  // namespace

kernels::Region to_upright(const kernels::Region& region, int orientation, int32_t width,
                           int32_t height) {
  kernels::Region turned = region;
  if (from_right(orientation)) turned.x = width - region.x - region.width;
  if (from_below(orientation)) turned.y = height - region.y - region.height;
  if (!swaps_sides(orientation)) return turned;
  return {turned.y, turned.x, turned.height, turned.width};
}

kernels::Region to_stored(const kernels::Region& region, int orientation, int32_t width,
                          int32_t height) {
  kernels::Region turned = region;
  if (swaps_sides(orientation)) turned = {region.y, region.x, region.height, region.width};
  if (from_right(orientation)) turned.x = width - turned.x - turned.width;
  if (from_below(orientation)) turned.y = height - turned.y - turned.height;
  return turned;
}

kernels::ImageView turn_upright(const kernels::ImageView& image, int orientation,
                                std::vector<uint8_t>& buffer) {
  STOKER_CHECK(orientation >= 1 && orientation <= 8, "orientation={}", orientation);
  kernels::ImageView upright = image;
  if (swaps_sides(orientation)) std::swap(upright.width, upright.height);
  if (image.whole_width > 0) {
    const kernels::Region place = to_upright({image.x, image.y, image.width, image.height},
                                             orientation, image.whole_width, image.whole_height);
    upright.x = place.x;
    upright.y = place.y;
    if (swaps_sides(orientation)) std::swap(upright.whole_width, upright.whole_height);
  }
  upright.row_bytes = int64_t{upright.width} * upright.channels;
  buffer.resize(std::max(buffer.size(), static_cast<size_t>(upright.row_bytes * upright.height)));
  upright.pixels = buffer.data();
  const Walk walk = walk_of(image, orientation);
  uint8_t* out = buffer.data();
  for (int32_t y = 0; y < upright.height; ++y) {
    const uint8_t* in = walk.origin + y * walk.step_y;
    for (int32_t x = 0; x < upright.width; ++x, in += walk.step_x)
      out = std::copy_n(in, upright.channels, out);
  }
  return upright;
}

}  // namespace stoker::decode

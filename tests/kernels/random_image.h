// Images and geometries for the tests of kernels, from a seed.
#pragma once

#include <cstdint>
#include <vector>

#include "stoker/core/random.h"
#include "stoker/kernels/image.h"

namespace stoker::test {

struct Image {
  std::vector<uint8_t> bytes;
  kernels::ImageView view;
};

// Rows are `row_gap` bytes further apart than they need to be, filled with noise too.
inline Image random_image(RandomStream& random, int32_t width, int32_t height, int32_t channels,
                          int32_t row_gap = 0) {
  Image image;
  const int64_t row_bytes = int64_t{width} * channels + row_gap;
  image.bytes.resize(static_cast<size_t>(row_bytes * height));
  for (uint8_t& byte : image.bytes) byte = static_cast<uint8_t>(random.below(256));
  image.view = {image.bytes.data(), width, height, channels, row_bytes};
  return image;
}

inline int32_t between(RandomStream& random, int32_t low, int32_t high) {
  return low + static_cast<int32_t>(random.below(static_cast<uint32_t>(high - low + 1)));
}

// Any valid geometry: copies and resamplings, whole and fractional boxes, windows that reach far
// over the grid's edge.
inline kernels::Geometry random_geometry(RandomStream& random, const kernels::ImageView& image) {
  kernels::Geometry g;
  const bool fractional = random.coin(0.3f);
  g.box_x = static_cast<float>(between(random, 0, image.width - 1));
  g.box_y = static_cast<float>(between(random, 0, image.height - 1));
  g.box_w = static_cast<float>(between(random, 1, image.width - static_cast<int>(g.box_x)));
  g.box_h = static_cast<float>(between(random, 1, image.height - static_cast<int>(g.box_y)));
  if (random.coin()) {
    g.grid_w = static_cast<int32_t>(g.box_w);
    g.grid_h = static_cast<int32_t>(g.box_h);
  } else {
    g.grid_w = between(random, 1, 40);
    g.grid_h = between(random, 1, 40);
  }
  if (fractional) {
    const float shift_x = random.uniform() * g.box_w, shift_y = random.uniform() * g.box_h;
    g.box_x += shift_x;
    g.box_y += shift_y;
    g.box_w = (g.box_w - shift_x) * random.uniform(0.5f, 1.0f);
    g.box_h = (g.box_h - shift_y) * random.uniform(0.5f, 1.0f);
  }
  g.offset_x = between(random, -30, 30);
  g.offset_y = between(random, -30, 30);
  g.flip_x = random.coin();
  g.flip_y = random.coin();
  g.border = static_cast<kernels::Border>(random.below(3));
  return g;
}

}  // namespace stoker::test

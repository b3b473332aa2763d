// One pixel of the fused pass, for host and device. augment.cu calls augment_pixel for every output
// pixel; augment.cpp uses the same mapping and taps in separable passes, and tests hold the two
// together.
//
//   for (y…) for (x…) augment_pixel(image, geometry, normalization, output, index, x, y);
//
// C++17, no torch.
#pragma once

#include <cmath>
#include <cstdint>

#include "stoker/core/host_device.h"
#include "stoker/kernels/image.h"
#include "stoker/kernels/pixel_type.h"

namespace stoker::kernels {

// `i` brought into [0, size) by the border's rule, or -1 where the border is black.
STOKER_HOST_DEVICE inline int32_t border_index(int32_t i, int32_t size, Border border) {
  if (i >= 0 && i < size) return i;
  if (border == Border::kZero) return -1;
  if (border == Border::kEdge) return i < 0 ? 0 : size - 1;
  if (size == 1) return 0;
  const int32_t period = 2 * (size - 1);
  i %= period;
  if (i < 0) i += period;
  return i < size ? i : period - i;
}

// The grid index along one axis that output index `i` of `size` shows, or -1 for black.
STOKER_HOST_DEVICE inline int32_t grid_index(int32_t i, int32_t size, int32_t offset, bool flip,
                                             int32_t grid, Border border) {
  return border_index(offset + (flip ? size - 1 - i : i), grid, border);
}

// Whether the grid shows the box's pixels as they are.
STOKER_HOST_DEVICE inline bool copies_pixels(const Geometry& g) {
  return g.box_w == static_cast<float>(g.grid_w) && g.box_h == static_cast<float>(g.grid_h) &&
         g.box_x == std::floor(g.box_x) && g.box_y == std::floor(g.box_y);
}

// The source pixels along one axis that make up one grid pixel.
struct Taps {
  int32_t first = 0;  // source pixel
  int32_t count = 0;
  float distance = 0;        // from the grid pixel's centre to that of the first tap
  float inverse_radius = 1;  // of the triangle
  float inverse_total = 1;   // of the weights before normalisation

  STOKER_HOST_DEVICE float triangle(int32_t tap) const {
    const float x = std::fabs((distance + static_cast<float>(tap)) * inverse_radius);
    return x < 1.0f ? 1.0f - x : 0.0f;
  }
  // Weights sum to one.
  STOKER_HOST_DEVICE float weight(int32_t tap) const { return triangle(tap) * inverse_total; }
};

// Taps of grid pixel `g` where [box, box + box_size) of `source` pixels maps to `grid` pixels.
// Arithmetic in float and its order as in ATen's antialiased bilinear upsampling.
STOKER_HOST_DEVICE inline Taps taps_of(float box, float box_size, int32_t source, int32_t grid,
                                       int32_t g) {
  const float scale = box_size / static_cast<float>(grid);
  const float radius = scale > 1.0f ? scale : 1.0f;
  // Coordinates count from the box's first pixel, where floats are finest.
  const int32_t origin = static_cast<int32_t>(box);
  int32_t end = static_cast<int32_t>(std::ceil(box + box_size));
  if (end > source) end = source;
  const float center = (box - static_cast<float>(origin)) + scale * (static_cast<float>(g) + 0.5f);
  int32_t low = static_cast<int32_t>(center - radius + 0.5f);
  int32_t high = static_cast<int32_t>(center + radius + 0.5f);
  if (low < 0) low = 0;
  if (high > end - origin) high = end - origin;
  if (low >= high) low = high - 1;  // a sliver of a box at the very edge
  Taps taps{origin + low, high - low, static_cast<float>(low) - center + 0.5f, 1.0f / radius, 1.0f};
  float total = 0;
  for (int32_t tap = 0; tap < taps.count; ++tap) total += taps.triangle(tap);
  taps.inverse_total = total > 0 ? 1.0f / total : 1.0f;
  return taps;
}

// Channels of one pixel in [0, 255]. A grayscale image uses the first.
struct Pixel {
  float channel[3] = {0, 0, 0};
};

// ITU-R BT.601, equation for E'Y.
STOKER_HOST_DEVICE inline float luma(float red, float green, float blue) {
  return 0.299f * red + 0.587f * green + 0.114f * blue;
}

STOKER_HOST_DEVICE inline Pixel resampled_pixel(const ImageView& image, const Geometry& g,
                                                int32_t grid_x, int32_t grid_y) {
  const Taps across = taps_of(g.box_x, g.box_w, image.source_width(), g.grid_w, grid_x);
  const Taps down = taps_of(g.box_y, g.box_h, image.source_height(), g.grid_h, grid_y);
  Pixel sum;
  for (int32_t j = 0; j < down.count; ++j) {
    const uint8_t* in = image.at(across.first, down.first + j);
    Pixel row;
    for (int32_t i = 0; i < across.count; ++i) {
      const float weight = across.weight(i);
      for (int32_t c = 0; c < image.channels; ++c)
        row.channel[c] += weight * static_cast<float>(*in++);
    }
    const float weight = down.weight(j);
    for (int32_t c = 0; c < image.channels; ++c) sum.channel[c] += weight * row.channel[c];
  }
  return sum;
}

// Grid pixel of the image in its own channels.
STOKER_HOST_DEVICE inline Pixel grid_pixel(const ImageView& image, const Geometry& g,
                                           int32_t grid_x, int32_t grid_y) {
  if (grid_x < 0 || grid_y < 0) return Pixel{};
  if (!copies_pixels(g)) return resampled_pixel(image, g, grid_x, grid_y);
  const uint8_t* in =
      image.at(static_cast<int32_t>(g.box_x) + grid_x, static_cast<int32_t>(g.box_y) + grid_y);
  Pixel pixel;
  for (int32_t c = 0; c < image.channels; ++c) pixel.channel[c] = static_cast<float>(in[c]);
  return pixel;
}

STOKER_HOST_DEVICE inline void store(float value, const OutputView& output, int64_t element) {
  switch (output.type) {
    case PixelType::kFloat32:
      static_cast<float*>(output.pixels)[element] = value;
      break;
    case PixelType::kBFloat16:
      static_cast<uint16_t*>(output.pixels)[element] = to_bfloat16(value);
      break;
    case PixelType::kFloat16:
      static_cast<uint16_t*>(output.pixels)[element] = to_float16(value);
      break;
    case PixelType::kUInt8:
      static_cast<uint8_t*>(output.pixels)[element] = to_uint8(value);
      break;
  }
}

// What output pixel (x, y) shows, in the output's channels.
STOKER_HOST_DEVICE inline Pixel shown_pixel(const ImageView& image, const Geometry& g,
                                            const OutputView& output, int32_t x, int32_t y) {
  const int32_t grid_x = grid_index(x, output.width, g.offset_x, g.flip_x, g.grid_w, g.border);
  const int32_t grid_y = grid_index(y, output.height, g.offset_y, g.flip_y, g.grid_h, g.border);
  Pixel pixel = grid_pixel(image, g, grid_x, grid_y);
  if (image.channels == 1) {
    pixel.channel[1] = pixel.channel[2] = pixel.channel[0];
  } else if (output.channels == 1) {
    pixel.channel[0] = luma(pixel.channel[0], pixel.channel[1], pixel.channel[2]);
  }
  return pixel;
}

// First element of pixel (x, y) of image `index` of the batch.
STOKER_HOST_DEVICE inline int64_t element_of(const OutputView& output, int64_t index, int32_t x,
                                             int32_t y) {
  return ((index * output.height + y) * output.width + x) * output.channels;
}

STOKER_HOST_DEVICE inline void store_pixel(const Pixel& pixel, const Normalization& normalization,
                                           const OutputView& output, int64_t index, int32_t x,
                                           int32_t y) {
  const int64_t first = element_of(output, index, x, y);
  for (int32_t c = 0; c < output.channels; ++c)
    store(pixel.channel[c] * normalization.scale[c] + normalization.bias[c], output, first + c);
}

// Output pixel (x, y) of image `index` of the batch.
STOKER_HOST_DEVICE inline void augment_pixel(const ImageView& image, const Geometry& g,
                                             const Normalization& normalization,
                                             const OutputView& output, int64_t index, int32_t x,
                                             int32_t y) {
  store_pixel(shown_pixel(image, g, output, x, y), normalization, output, index, x, y);
}

}  // namespace stoker::kernels

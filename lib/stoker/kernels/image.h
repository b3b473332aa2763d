// The vocabulary of the image kernels: where pixels lie and how an output grid maps onto them.
// C++17, no torch: .cu files include it.
#pragma once

#include <cstdint>

#include "stoker/core/host_device.h"

namespace stoker::kernels {

// 8-bit pixels, interleaved channels (HWC). channels is 1 or 3. Does not own.
//
// May hold a part of an image only: what a crop needs of it. Geometries are in the coordinates of
// the whole image either way, so that a part gives the same bits as the whole.
struct ImageView {
  const uint8_t* pixels = nullptr;
  int32_t width = 0;
  int32_t height = 0;
  int32_t channels = 0;
  int64_t row_bytes = 0;  // from one row to the next
  // Of a part: where its first pixel lies in the whole image, and that image's size. 0: it is
  // whole.
  int32_t x = 0, y = 0;
  int32_t whole_width = 0, whole_height = 0;

  STOKER_HOST_DEVICE int32_t source_width() const { return whole_width > 0 ? whole_width : width; }
  STOKER_HOST_DEVICE int32_t source_height() const {
    return whole_height > 0 ? whole_height : height;
  }
  // Pixel (column, row) of the whole image, which must lie in this part.
  STOKER_HOST_DEVICE const uint8_t* at(int32_t column, int32_t row) const {
    return pixels + row_bytes * (row - y) + static_cast<int64_t>(column - x) * channels;
  }
};

// Pixels [x, x + width) x [y, y + height) of an image.
struct Region {
  int32_t x = 0, y = 0, width = 0, height = 0;
  bool operator==(const Region& o) const {
    return x == o.x && y == o.y && width == o.width && height == o.height;
  }
};

enum class Border : uint8_t {
  kZero,     // black before normalisation
  kReflect,  // mirrored about the edge pixel, which is not repeated (torch's "reflect")
  kEdge,     // the edge pixel repeated
};

// How one output image is taken from a source image, all of it in one resampling:
//
//   box of the source  --resample-->  grid of grid_w x grid_h  --offset, border, flip-->  output
//
// Output pixel (x, y) shows grid pixel (offset_x + x', offset_y + y'), where x' is x, or
// out_width - 1 - x under flip_x. Grid pixels outside [0, grid_w) x [0, grid_h) follow `border`.
// Grid pixel g has its centre at box_x + (g + 0.5) * box_w / grid_w in the source; taps stay
// within the box. Equal sizes of box and grid at whole coordinates copy pixels exactly.
struct Geometry {
  float box_x = 0, box_y = 0, box_w = 0, box_h = 0;  // source pixels
  int32_t grid_w = 0, grid_h = 0;
  int32_t offset_x = 0, offset_y = 0;
  bool flip_x = false, flip_y = false;
  Border border = Border::kZero;
};

// value_out = value_in * scale + bias by channel, value_in in [0, 255].
struct Normalization {
  float scale[3] = {1.0f / 255, 1.0f / 255, 1.0f / 255};
  float bias[3] = {0, 0, 0};
};

// kUInt8 is rounded to nearest, ties to even; it is what operations between the passes read and
// write, and no type of a network's input.
enum class PixelType : uint8_t { kFloat32, kBFloat16, kFloat16, kUInt8 };
inline int pixel_bytes(PixelType type) {
  return type == PixelType::kFloat32 ? 4 : type == PixelType::kUInt8 ? 1 : 2;
}

// Output batch, NHWC and contiguous: [count, height, width, channels] of `type`. A source of one
// channel fills three; a source of three into one channel becomes luma (ITU-R 601).
struct OutputView {
  void* pixels = nullptr;
  PixelType type = PixelType::kFloat32;
  int32_t width = 0;
  int32_t height = 0;
  int32_t channels = 3;
};

}  // namespace stoker::kernels

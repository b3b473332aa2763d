// The inner loops of programs over one row of pixels on the CPU, compiled for several x86-64 levels
// as those of rows.h are. Every level gives the same bits.
//
//   const OpLoops& loops = op_loops(cpu_level());
//   loops.split(row, width, channels, planes);
//   loops.points(op, context, y * width, width, planes);
//   loops.join(planes, width, channels, row);
#pragma once

#include <cstdint>

#include "stoker/kernels/cpu_level.h"
#include "stoker/kernels/point_body.h"

namespace stoker::kernels {

// A row by channel, as floats. A single channel fills all three.
struct Planes {
  float* channel[3] = {nullptr, nullptr, nullptr};
};

struct OpLoops {
  void (*split)(const uint8_t* row, int32_t width, int32_t channels, const Planes& planes);
  void (*join)(const Planes& planes, int32_t width, int32_t channels, uint8_t* row);
  // apply_point() on each pixel; `first` is the number of the row's first pixel in the image.
  void (*points)(const Op& op, const PointContext& context, int32_t first, int32_t width,
                 const Planes& planes);
  // Sum of gray_of().
  uint64_t (*gray_sum)(const Planes& planes, int32_t width);
  // sharpened() for values [0, n) of a row whose neighbours lie `channels` values to either side
  // and in the rows above and below.
  void (*sharpen)(const uint8_t* above, const uint8_t* row, const uint8_t* below, int64_t n,
                  int32_t channels, float factor, uint8_t* out);
  // out[i] = sum over taps of weights[tap] * in[i + tap * channels], rounded; i in [0, n).
  void (*blur_row)(const float* in, const float* weights, int32_t taps, int64_t n, int32_t channels,
                   uint8_t* out);
};

const OpLoops& op_loops(CpuLevel level);

}  // namespace stoker::kernels

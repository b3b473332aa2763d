// The inner loops of the CPU pass over one row of pixels, compiled for several x86-64 levels and
// chosen at run time. Every level gives the same bits: no fused multiply-add, no reordered sums.
//
//   const RowLoops& loops = row_loops(cpu_level());
//   loops.store_bytes[type](row, width * channels, pattern, out);
#pragma once

#include <cstdint>

#include "stoker/kernels/cpu_level.h"
#include "stoker/kernels/image.h"

namespace stoker::kernels {

// Scale and bias of consecutive interleaved values. 48 is a multiple of 1 and 3 channels and of
// every vector width.
struct Pattern {
  static constexpr int kLength = 48;
  alignas(64) float scale[kLength];
  alignas(64) float bias[kLength];
};

// Floats that resample_row may read and write past a row's end.
constexpr int64_t kRowPadding = 4;

struct RowLoops {
  // out[i] = sum over `count` rows, `row_bytes` apart, of weights[row] * in[row][i]; i in [0, n).
  void (*blend_rows)(const uint8_t* in, int64_t row_bytes, const float* weights, int32_t count,
                     int64_t n, float* out);
  // out pixel x = sum over `taps` of weights[x * taps + tap] * in pixel first[x] + tap; x in
  // [0, width). `in` and `out` have kRowPadding floats to spare. By number of channels less one.
  void (*resample_row[3])(const float* in, const int32_t* first, const float* weights, int32_t taps,
                          int32_t width, float* out);
  // out[i] = in[i] * scale + bias as PixelType; i in [0, n). Indexed by PixelType.
  void (*store_bytes[4])(const uint8_t* in, int64_t n, const Pattern& pattern, void* out);
  void (*store_floats[4])(const float* in, int64_t n, const Pattern& pattern, void* out);
  // store_floats as kFloat32 past the caches, for batches larger than they are; out is 64-byte
  // aligned and finish_streams follows before another thread reads. Null below AVX-512, where it
  // buys nothing.
  void (*stream_floats)(const float* in, int64_t n, const Pattern& pattern, void* out);
  void (*finish_streams)();
};

const RowLoops& row_loops(CpuLevel level);

}  // namespace stoker::kernels

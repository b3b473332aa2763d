// Passes over images whose channels lie innermost (NHWC), for what stands between convolutions: the
// moments of each channel, an affine map of it, the activation behind that, and their gradients.
//
// A pass sees `lines` lines of `width` values and one parameter a column. With many channels a line
// is a pixel; with few it is several, and the parameters repeat (nn/channel_lines.h), so that
// vectors stay full. Values are float32, or bfloat16 as its bits; arithmetic is float32, sums over
// lines end in float64. Compiled for several x86-64 levels and chosen at run time; the sums of one
// call are always taken in the same order.
//
//   const ChannelLoops<float>& loops = channel_loops<float>(cpu_level());
//   loops.moments(x, lines, width, shift, sum, square);
#pragma once

#include <cstdint>

#include "stoker/kernels/cpu_level.h"

namespace stoker::kernels {

enum class Gate : uint8_t { kNone, kRelu, kGelu };  // GELU is the exact one, x * Phi(x)

// One value a column each.
struct ChannelMap {
  const float* scale;
  const float* shift;
};

// dx = gain * dz + slope * (x - mean) + offset
struct ChannelGradient {
  const float* mean;
  const float* gain;
  const float* slope;
  const float* offset;
};

template <class T>
struct ChannelLoops {
  // Adds to sum[i] the column's x - shift[i], to square[i] the squares of that.
  void (*moments)(const T* x, int64_t lines, int64_t width, const float* shift, double* sum,
                  double* square);
  // out = gate(x * scale + shift), or with residual gate(x * scale + shift + residual).
  // Indexed by Gate.
  void (*map[3])(const T* x, int64_t lines, int64_t width, const ChannelMap& map, T* out);
  void (*map_add[3])(const T* x, const T* residual, int64_t lines, int64_t width,
                     const ChannelMap& map, T* out);
  // dz = dy * gate'(x * scale + shift). Adds to sum[i] the column's dz, to product[i] the column's
  // dz * (x - mean[i]). The second also stores dz, in the precision of T.
  void (*sums[3])(const T* dy, const T* x, int64_t lines, int64_t width, const ChannelMap& map,
                  const float* mean, double* sum, double* product);
  void (*sums_store[3])(const T* dy, const T* x, int64_t lines, int64_t width,
                        const ChannelMap& map, const float* mean, double* sum, double* product,
                        T* dz);
  // The same for ReLU whose output is known: dz = dy where out > 0.
  void (*sums_behind_relu)(const T* dy, const T* x, const T* out, int64_t lines, int64_t width,
                           const float* mean, double* sum, double* product, T* dz);
  // dx from dy, through the gate.
  void (*gradient[3])(const T* dy, const T* x, int64_t lines, int64_t width, const ChannelMap& map,
                      const ChannelGradient& gradient, T* dx);
};

// T: float or uint16_t, which are the bits of bfloat16.
template <class T>
const ChannelLoops<T>& channel_loops(CpuLevel level);

}  // namespace stoker::kernels

// From decoded component planes to rows of pixels: colour at half resolution interpolated and
// YCbCr made RGB with the rounding of libjpeg's defaults ("fancy" upsampling), bit for bit.
#pragma once

#include <cstdint>

#include "stoker/kernels/cpu_level.h"

namespace stoker::decode {

struct RowMakers {
  // out[i] = (3 * near[i] + far[i] + bias) >> 2: between two rows of samples.
  void (*blend_rows)(const uint8_t* near, const uint8_t* far, int32_t bias, int32_t n,
                     uint8_t* out);
  // Twice as many columns as `in`, whose samples [-1, n] are readable.
  void (*widen)(const uint8_t* in, int32_t n, uint8_t* out);
  // The same between two rows: near counts three times. All of [-1, n] are readable.
  void (*blend_and_widen)(const uint8_t* near, const uint8_t* far, int32_t n, uint8_t* out);
  // n pixels.
  void (*to_rgb)(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int32_t n, uint8_t* rgb);
  void (*interleave)(const uint8_t* r, const uint8_t* g, const uint8_t* b, int32_t n, uint8_t* rgb);
};

const RowMakers& row_makers(kernels::CpuLevel level);

}  // namespace stoker::decode

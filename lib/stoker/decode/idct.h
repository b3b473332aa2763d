// The inverse cosine transform of 8x8 blocks with the rounding of libjpeg's default ("islow"), bit
// for bit: to 8x8 pixels, or to 4x4 or 2x2, each the mean of those it stands for.
//
// Coefficients lie as the transform takes them: rows in pairs (0, 4), (2, 6), (1, 7), (3, 5), a
// pair's values side by side, so that a multiply-add of neighbours is one step of a butterfly.
#pragma once

#include <array>
#include <cstdint>

#include "stoker/kernels/cpu_level.h"

namespace stoker::decode {

// Where the coefficient of frequency `u` across and `v` down lies in a block.
constexpr uint8_t coefficient_place(int u, int v) {
  constexpr int kPair[8] = {0, 2, 1, 3, 0, 3, 1, 2}, kSecond[8] = {0, 0, 0, 0, 1, 1, 1, 1};
  return static_cast<uint8_t>(16 * kPair[v] + 2 * u + kSecond[v]);
}

// block: 64 dequantised coefficients, 64-byte aligned. out: `side` rows of `side` pixels.
using InverseTransform = void (*)(const int16_t* block, uint8_t* out, int64_t row_bytes);
// side: 8, 4 or 2.
InverseTransform inverse_transform(kernels::CpuLevel level, int side = 8);

// Of a block that has its first coefficient only; side: 8, 4, 2 or 1.
void fill_flat(int16_t dc, uint8_t* out, int64_t row_bytes, int side = 8);

}  // namespace stoker::decode

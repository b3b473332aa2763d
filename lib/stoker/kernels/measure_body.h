// From counts over a whole image to the parameters of the operations that need them, for host and
// device. Counts are whole numbers, so no order of summing changes a result.
//
//   Counts counts = …;          // of the image as the op finds it
//   finish(counts, channels, op, table);
//
// C++17, no torch.
#pragma once

#include <cstdint>

#include "stoker/kernels/program.h"

namespace stoker::kernels {

struct Counts {
  uint32_t histogram[3][256] = {};  // by channel; left alone where only the mean is asked
  uint64_t gray_sum = 0;            // of gray_of(), or of the only channel
  int64_t pixels = 0;
};

STOKER_HOST_DEVICE inline void stretch(const uint32_t* histogram, float* least, float* unit) {
  int32_t low = 0, high = 255;
  while (low < 255 && histogram[low] == 0) ++low;
  while (high > low && histogram[high] == 0) --high;
  *least = low == high ? 0.0f : static_cast<float>(low);
  *unit = low == high ? 1.0f : static_cast<float>(high - low) * (1.0f / 255);
}

// As Pillow and torchvision do it: the share of darker pixels, in steps of the whole without the
// brightest value.
STOKER_HOST_DEVICE inline void equalizing_table(const uint32_t* histogram, int64_t pixels,
                                                uint8_t* table) {
  int32_t brightest = 255;
  while (brightest > 0 && histogram[brightest] == 0) --brightest;
  const int64_t step = (pixels - histogram[brightest]) / 255;
  int64_t darker = 0;
  for (int32_t value = 0; value < 256; ++value) {
    const int64_t equalized = step == 0 ? value : (darker + step / 2) / step;
    table[value] = static_cast<uint8_t>(equalized > 255 ? 255 : equalized);
    darker += histogram[value];
  }
}

// Writes what apply_point() reads for op.kind: into op.p, or into table ([3][256], kEqualize
// alone). A single channel stands for all three.
STOKER_HOST_DEVICE inline void finish(const Counts& counts, int32_t channels, Op& op,
                                      uint8_t* table) {
  if (op.kind == OpKind::kContrast) {
    op.p[1] = static_cast<float>(static_cast<double>(counts.gray_sum) /
                                 static_cast<double>(counts.pixels));
    return;
  }
  for (int32_t c = 0; c < 3; ++c) {
    const uint32_t* histogram = counts.histogram[channels == 3 ? c : 0];
    if (op.kind == OpKind::kAutocontrast)
      stretch(histogram, &op.p[c], &op.p[3 + c]);
    else
      equalizing_table(histogram, counts.pixels, table + 256 * c);
  }
}

}  // namespace stoker::kernels

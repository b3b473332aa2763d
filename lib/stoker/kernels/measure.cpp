#include "stoker/kernels/measure.h"

namespace stoker::kernels {
namespace {

void count_row(const uint8_t* row, int32_t width, int32_t channels, Counts& counts) {
  if (channels == 1) {
    for (int32_t x = 0; x < width; ++x) ++counts.histogram[0][row[x]];
    return;
  }
  for (int32_t x = 0; x < width; ++x)
    for (int32_t c = 0; c < 3; ++c) ++counts.histogram[c][row[3 * x + c]];
}

}  // namespace

Counts measure(const ImageView& image, OpKind kind, const OpLoops& loops, const Planes& planes) {
  Counts counts;
  counts.pixels = int64_t{image.width} * image.height;
  for (int32_t y = 0; y < image.height; ++y) {
    const uint8_t* row = image.pixels + image.row_bytes * y;
    if (kind != OpKind::kContrast) {
      count_row(row, image.width, image.channels, counts);
    } else if (image.channels == 1) {
      for (int32_t x = 0; x < image.width; ++x) counts.gray_sum += row[x];
    } else {
      loops.split(row, image.width, image.channels, planes);
      counts.gray_sum += loops.gray_sum(planes, image.width);
    }
  }
  return counts;
}

}  // namespace stoker::kernels

#include "stoker/kernels/filter.h"

#include <algorithm>

#include "stoker/kernels/op_rows.h"
#include "stoker/kernels/rows.h"

namespace stoker::kernels {
namespace {

int64_t row_values(const ImageView& image) { return int64_t{image.width} * image.channels; }

void sharpen(const ImageView& image, float factor, CpuLevel level, uint8_t* out) {
  const int64_t n = row_values(image);
  const int32_t channels = image.channels;
  const OpLoops& loops = op_loops(level);
  for (int32_t y = 0; y < image.height; ++y, out += n) {
    const uint8_t* row = image.at(0, y);
    std::copy_n(row, n, out);
    if (y == 0 || y == image.height - 1 || image.width < 3) continue;
    loops.sharpen(image.at(0, y - 1) + channels, row + channels, image.at(0, y + 1) + channels,
                  n - 2 * channels, channels, factor, out + channels);
  }
}

// The image with `radius` mirrored pixels on every side.
int64_t pad(const ImageView& image, int32_t radius, std::vector<uint8_t>& padded) {
  const int32_t channels = image.channels;
  const int64_t padded_row = int64_t{image.width + 2 * radius} * channels;
  padded.resize(static_cast<size_t>(padded_row * (image.height + 2 * radius)));
  uint8_t* to = padded.data();
  for (int32_t y = -radius; y < image.height + radius; ++y, to += padded_row) {
    const uint8_t* row = image.at(0, border_index(y, image.height, Border::kReflect));
    std::copy_n(row, row_values(image), to + radius * channels);
    for (int32_t i = 0; i < radius; ++i) {
      const int32_t left = border_index(i - radius, image.width, Border::kReflect);
      const int32_t right = border_index(image.width + i, image.width, Border::kReflect);
      std::copy_n(row + int64_t{left} * channels, channels, to + i * channels);
      std::copy_n(row + int64_t{right} * channels, channels,
                  to + int64_t{radius + image.width + i} * channels);
    }
  }
  return padded_row;
}

void blur(const ImageView& image, const Op& op, CpuLevel level, FilterScratch& scratch,
          uint8_t* out) {
  const int32_t radius = blur_radius(op), taps = 2 * radius + 1;
  const float sigma = op.p[0], inverse_total = 1.0f / gaussian_total(radius, sigma);
  scratch.weights.resize(static_cast<size_t>(taps));
  for (int32_t i = 0; i < taps; ++i)
    scratch.weights[static_cast<size_t>(i)] = gaussian(i - radius, sigma) * inverse_total;
  const float* weights = scratch.weights.data();
  const int64_t padded_row = pad(image, radius, scratch.padded);
  scratch.row.resize(static_cast<size_t>(padded_row));
  for (int32_t y = 0; y < image.height; ++y, out += row_values(image)) {
    row_loops(level).blend_rows(scratch.padded.data() + padded_row * y, padded_row, weights, taps,
                                padded_row, scratch.row.data());
    op_loops(level).blur_row(scratch.row.data(), weights, taps, row_values(image), image.channels,
                             out);
  }
}

// kChannels: so that the compiler unrolls what is done for each.
template <int kChannels>
void warp(ImageView image, Op op, uint8_t* out) {
  image.channels = kChannels;
  for (int32_t y = 0; y < image.height; ++y)
    for (int32_t x = 0; x < image.width; ++x) {
      const Pixel pixel = warped_pixel(image, op, x, y);
      for (int32_t c = 0; c < kChannels; ++c)
        *out++ = static_cast<uint8_t>(static_cast<int32_t>(pixel.channel[c]));
    }
}

}  // namespace

void filter(const ImageView& image, const Op& op, CpuLevel level, FilterScratch& scratch,
            uint8_t* out) {
  if (op.kind == OpKind::kSharpness) return sharpen(image, op.p[0], level, out);
  if (op.kind == OpKind::kGaussianBlur) return blur(image, op, level, scratch, out);
  if (image.channels == 1) return warp<1>(image, op, out);
  warp<3>(image, op, out);
}

}  // namespace stoker::kernels

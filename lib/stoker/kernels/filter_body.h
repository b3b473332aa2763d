// Operations that read a pixel's neighbours or a pixel elsewhere, for host and device: sharpness,
// Gaussian blur, warps. Images are 8-bit; results are whole numbers from 0 to 255.
//
//   Pixel pixel = filtered_pixel(image, op, x, y);
//
// The device calls filtered_pixel; the CPU runs the same arithmetic over rows (filter.cpp), and
// tests hold the two together. C++17, no torch.
#pragma once

#include <cmath>
#include <cstdint>

#include "stoker/kernels/augment_body.h"
#include "stoker/kernels/point_body.h"
#include "stoker/kernels/program.h"

namespace stoker::kernels {

// torchvision's adjust_sharpness: blends with a 3x3 mean that counts the centre five times.
// `ring`: sum of the eight neighbours.
STOKER_HOST_DEVICE inline float sharpened(float center, float ring, float factor) {
  const float smooth = rounded((ring + 5.0f * center) * (1.0f / 13));
  return cut_off(center + (1.0f - factor) * (smooth - center));
}

// Pixels of the edge stay as they are, and so do images of fewer than three rows or columns.
STOKER_HOST_DEVICE inline Pixel sharpened_pixel(const ImageView& image, float factor, int32_t x,
                                                int32_t y) {
  const bool inside = x > 0 && y > 0 && x < image.width - 1 && y < image.height - 1;
  Pixel pixel;
  for (int32_t c = 0; c < image.channels; ++c) {
    const uint8_t* center = image.at(x, y) + c;
    pixel.channel[c] = *center;
    if (!inside) continue;
    int32_t sum = 0;
    for (int32_t j = -1; j <= 1; ++j)
      for (int32_t i = -1; i <= 1; ++i) sum += center[j * image.row_bytes + i * image.channels];
    pixel.channel[c] = sharpened(*center, static_cast<float>(sum - *center), factor);
  }
  return pixel;
}

// Weight, before they are made to sum to one, of a pixel `distance` away.
STOKER_HOST_DEVICE inline float gaussian(int32_t distance, float sigma) {
  const float x = static_cast<float>(distance) / sigma;
  return std::exp(-0.5f * x * x);
}

STOKER_HOST_DEVICE inline float gaussian_total(int32_t radius, float sigma) {
  float total = 1;
  for (int32_t i = 1; i <= radius; ++i) total += 2 * gaussian(i, sigma);
  return total;
}

STOKER_HOST_DEVICE inline int32_t blur_radius(const Op& op) {
  return static_cast<int32_t>(op.p[1]) / 2;
}

// The image goes on mirrored beyond its edges.
STOKER_HOST_DEVICE inline Pixel blurred_pixel(const ImageView& image, const Op& op, int32_t x,
                                              int32_t y) {
  const float sigma = op.p[0];
  const int32_t radius = blur_radius(op);
  const float inverse_total = 1.0f / gaussian_total(radius, sigma);
  Pixel sum;
  for (int32_t j = -radius; j <= radius; ++j) {
    const int32_t from_y = border_index(y + j, image.height, Border::kReflect);
    Pixel row;
    for (int32_t i = -radius; i <= radius; ++i) {
      const uint8_t* in = image.at(border_index(x + i, image.width, Border::kReflect), from_y);
      const float weight = gaussian(i, sigma) * inverse_total;
      for (int32_t c = 0; c < image.channels; ++c)
        row.channel[c] += weight * static_cast<float>(in[c]);
    }
    const float weight = gaussian(j, sigma) * inverse_total;
    for (int32_t c = 0; c < image.channels; ++c) sum.channel[c] += weight * row.channel[c];
  }
  for (float& value : sum.channel) value = rounded(clamped(value));
  return sum;
}

// One of the four pixels around a place, or the fill beyond the edges.
STOKER_HOST_DEVICE inline float value_or_fill(const ImageView& image, int32_t x, int32_t y,
                                              int32_t c, float fill) {
  const bool inside = x >= 0 && y >= 0 && x < image.width && y < image.height;
  return inside ? static_cast<float>(image.at(x, y)[c]) : fill;
}

// The four pixels around (x, y), in coordinates of pixel centres above -1, by their nearness;
// `fill` beyond the edges.
STOKER_HOST_DEVICE inline Pixel bilinear_pixel(const ImageView& image, float x, float y,
                                               float fill) {
  auto left = static_cast<int32_t>(x), top = static_cast<int32_t>(y);
  left -= x < static_cast<float>(left);  // rounds down
  top -= y < static_cast<float>(top);
  const float right_share = x - static_cast<float>(left), left_share = 1.0f - right_share;
  const float lower_share = y - static_cast<float>(top), upper_share = 1.0f - lower_share;
  const float weights[4] = {left_share * upper_share, right_share * upper_share,
                            left_share * lower_share, right_share * lower_share};
  const bool inside = left >= 0 && top >= 0 && left < image.width - 1 && top < image.height - 1;
  Pixel sum;
  for (int32_t c = 0; c < image.channels; ++c) {
    float corners[4];
    if (inside) {
      const uint8_t* in = image.at(left, top) + c;
      corners[0] = in[0];
      corners[1] = in[image.channels];
      corners[2] = in[image.row_bytes];
      corners[3] = in[image.row_bytes + image.channels];
    } else {
      for (int32_t k = 0; k < 4; ++k)
        corners[k] = value_or_fill(image, left + (k & 1), top + (k >> 1), c, fill);
    }
    const float value = weights[0] * corners[0] + weights[1] * corners[1] +
                        weights[2] * corners[2] + weights[3] * corners[3];
    sum.channel[c] = rounded(clamped(value));
  }
  return sum;
}

STOKER_HOST_DEVICE inline Pixel warped_pixel(const ImageView& image, const Op& op, int32_t x,
                                             int32_t y) {
  const float out_x = static_cast<float>(x) + 0.5f, out_y = static_cast<float>(y) + 0.5f;
  const float w = op.p[6] * out_x + op.p[7] * out_y + 1.0f;
  const float in_x = (op.p[0] * out_x + op.p[1] * out_y + op.p[2]) / w - 0.5f;
  const float in_y = (op.p[3] * out_x + op.p[4] * out_y + op.p[5]) / w - 0.5f;
  const auto fill = static_cast<float>(op.fill);
  // Also true for what is not a number, and for the horizon of a perspective.
  const bool far = !(in_x > -1.0f && in_y > -1.0f && in_x < static_cast<float>(image.width) &&
                     in_y < static_cast<float>(image.height) && w > 0);
  if (far) return {{fill, fill, fill}};
  if (op.bilinear) return bilinear_pixel(image, in_x, in_y, fill);
  const auto from_x = static_cast<int32_t>(rounded(in_x));
  const auto from_y = static_cast<int32_t>(rounded(in_y));
  if (from_x < 0 || from_y < 0 || from_x >= image.width || from_y >= image.height)
    return {{fill, fill, fill}};
  Pixel pixel;
  const uint8_t* in = image.at(from_x, from_y);
  for (int32_t c = 0; c < image.channels; ++c) pixel.channel[c] = in[c];
  return pixel;
}

STOKER_HOST_DEVICE inline Pixel filtered_pixel(const ImageView& image, const Op& op, int32_t x,
                                               int32_t y) {
  if (op.kind == OpKind::kSharpness) return sharpened_pixel(image, op.p[0], x, y);
  if (op.kind == OpKind::kGaussianBlur) return blurred_pixel(image, op, x, y);
  return warped_pixel(image, op, x, y);
}

}  // namespace stoker::kernels

#include "stoker/draw/drawing.h"

#include <algorithm>

namespace stoker::draw {
namespace {

// The mean of the source pixels that one target pixel covers, at least one.
Rgb mean_of(const kernels::ImageView& image, int32_t x0, int32_t x1, int32_t y0, int32_t y1) {
  std::array<uint64_t, 3> sum{};
  for (int32_t y = y0; y < y1; ++y)
    for (int32_t x = x0; x < x1; ++x)
      for (int32_t c = 0; c < 3; ++c)
        sum[static_cast<size_t>(c)] +=
            image.pixels[y * image.row_bytes + x * image.channels + (image.channels == 3 ? c : 0)];
  const auto count = static_cast<uint64_t>(x1 - x0) * static_cast<uint64_t>(y1 - y0);
  return {static_cast<uint8_t>(sum[0] / count), static_cast<uint8_t>(sum[1] / count),
          static_cast<uint8_t>(sum[2] / count)};
}

int32_t scaled(int32_t position, int32_t source, int32_t target) {
  return static_cast<int32_t>(int64_t{position} * source / target);
}

}  // namespace

Drawing::Drawing(int32_t width, int32_t height, Rgb background)
    : width_(width), height_(height), pixels_(size_t{3} * size_t(width) * size_t(height)) {
  fill(0, 0, width, height, background);
}

kernels::ImageView Drawing::view() const {
  return {pixels_.data(), width_, height_, 3, int64_t{3} * width_};
}

void Drawing::fill(int32_t x, int32_t y, int32_t width, int32_t height, Rgb color) {
  for (int32_t py = std::max(y, 0); py < std::min(y + height, height_); ++py)
    for (int32_t px = std::max(x, 0); px < std::min(x + width, width_); ++px)
      std::copy(color.begin(), color.end(), at(px, py));
}

void Drawing::cross_out(int32_t x, int32_t y, int32_t side, Rgb color) {
  for (int32_t i = 0; i < side; ++i) {
    fill(x + i, y + i, 1, 1, color);
    fill(x + side - 1 - i, y + i, 1, 1, color);
  }
}

void Drawing::place(const kernels::ImageView& image, int32_t x, int32_t y, int32_t side) {
  const int32_t longest = std::max(image.width, image.height);
  const int32_t factor = std::max(side / longest, 1);
  const int32_t target = longest <= side ? longest * factor : side;
  const int32_t width = std::max(scaled(image.width, target, longest), 1);
  const int32_t height = std::max(scaled(image.height, target, longest), 1);
  const int32_t left = x + (side - width) / 2, top = y + (side - height) / 2;
  for (int32_t py = 0; py < height; ++py)
    for (int32_t px = 0; px < width; ++px) {
      const int32_t x0 = scaled(px, image.width, width), y0 = scaled(py, image.height, height);
      const int32_t x1 = std::max(scaled(px + 1, image.width, width), x0 + 1);
      const int32_t y1 = std::max(scaled(py + 1, image.height, height), y0 + 1);
      fill(left + px, top + py, 1, 1, mean_of(image, x0, x1, y0, y1));
    }
}

void Drawing::mix(int32_t x, int32_t y, Rgb color, uint8_t ink) {
  if (ink == 0 || x < 0 || y < 0 || x >= width_ || y >= height_) return;
  uint8_t* pixel = at(x, y);
  for (size_t c = 0; c < 3; ++c)
    pixel[c] = static_cast<uint8_t>((pixel[c] * (255 - ink) + color[c] * ink + 127) / 255);
}

void Drawing::write(const TextPicture& text, int32_t x, int32_t y, Rgb color) {
  for (int32_t row = 0; row < text.height; ++row)
    for (int32_t column = 0; column < text.width; ++column)
      mix(x + column, y + row, color, text.at(column, row));
}

void Drawing::write_up(const TextPicture& text, int32_t x, int32_t y, Rgb color) {
  for (int32_t row = 0; row < text.height; ++row)
    for (int32_t column = 0; column < text.width; ++column)
      mix(x + row, y - column, color, text.at(column, row));
}

}  // namespace stoker::draw

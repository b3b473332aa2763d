// A picture to draw on: rectangles, scaled images and small text.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "stoker/kernels/image.h"

namespace stoker::inspect {

using Rgb = std::array<uint8_t, 3>;

class PictureCanvas {
 public:
  PictureCanvas(int32_t width, int32_t height, Rgb background);

  void fill(int32_t x, int32_t y, int32_t width, int32_t height, Rgb color);
  // Two diagonals of a square.
  void cross_out(int32_t x, int32_t y, int32_t side, Rgb color);
  // Scaled to fit a square of this side, centred: by whole factors up, by area averages down.
  void place(const kernels::ImageView& image, int32_t x, int32_t y, int32_t side);
  // Letters of 5 x 7 pixels, drawn `scale` times as large; (x, y) is the top left.
  void write(std::string_view text, int32_t x, int32_t y, int32_t scale, Rgb color);

  // The same turned to be read from below: (x, y) is the bottom left of the first letter.
  void write_up(std::string_view text, int32_t x, int32_t y, int32_t scale, Rgb color);

  kernels::ImageView view() const;

  static constexpr int32_t kLetterWidth = 6, kLetterHeight = 7;  // with the gap

 private:
  uint8_t* at(int32_t x, int32_t y) {
    return &pixels_[3 * (size_t(y) * size_t(width_) + size_t(x))];
  }

  int32_t width_, height_;
  std::vector<uint8_t> pixels_;
};

}  // namespace stoker::inspect

// A picture to draw on: rectangles, scaled images and text.
//
//   Drawing drawing(640, 480, {255, 255, 255});
//   drawing.place(image, 10, 10, 64);
//   drawing.write(letters.picture("Katze", 14), 10, 80, {0, 0, 0});
#pragma once

#include <array>
#include <vector>

#include "stoker/draw/lettering.h"
#include "stoker/kernels/image.h"

namespace stoker::draw {

using Rgb = std::array<uint8_t, 3>;

class Drawing {
 public:
  Drawing(int32_t width, int32_t height, Rgb background);

  void fill(int32_t x, int32_t y, int32_t width, int32_t height, Rgb color);
  // Two diagonals of a square.
  void cross_out(int32_t x, int32_t y, int32_t side, Rgb color);
  // Scaled to fit a square of this side, centred: by whole factors up, by area averages down.
  void place(const kernels::ImageView& image, int32_t x, int32_t y, int32_t side);
  // A line of text (lettering.h) whose top left is at (x, y).
  void write(const TextPicture& text, int32_t x, int32_t y, Rgb color);
  // The same turned to be read from below: (x, y) is the bottom left of its first letter.
  void write_up(const TextPicture& text, int32_t x, int32_t y, Rgb color);

  kernels::ImageView view() const;

 private:
  // Mixes color into the pixel where it is of the drawing; ink: 0 to 255.
  void mix(int32_t x, int32_t y, Rgb color, uint8_t ink);
  uint8_t* at(int32_t x, int32_t y) {
    return &pixels_[3 * (size_t(y) * size_t(width_) + size_t(x))];
  }

  int32_t width_, height_;
  std::vector<uint8_t> pixels_;
};

}  // namespace stoker::draw

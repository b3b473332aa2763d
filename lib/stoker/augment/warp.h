// Affine and perspective maps as operations of a program: parameters as torchvision names them, the
// map from the output back to the input as the kernel reads it. In double until the end.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "stoker/augment/canvas.h"
#include "stoker/kernels/program.h"

namespace stoker::augment {

enum class Interpolation { kNearest, kBilinear };
std::span<const std::string_view> enum_names(Interpolation);  // nearest, bilinear

struct WarpLook {
  Interpolation interpolation = Interpolation::kNearest;
  int64_t fill = 0;  // 0 to 255, every channel; what shows outside the image
};

struct Point {
  double x = 0, y = 0;
};

// First sheared, then scaled and turned about the centre, then moved. Angles in degrees, clockwise;
// moves in pixels, right and down; scale above 0.
struct Affine {
  double angle = 0;
  Point move;
  double scale = 1;
  Point shear;
  std::optional<Point> center;  // unset: the middle of the image
};
kernels::Op affine_op(const Affine& affine, Size size, const WarpLook& look);

// Top left, top right, bottom right, bottom left.
using Corners = std::array<Point, 4>;
// What is at `from` comes to lie at `to`. Both are corners of convex figures in the same turn.
kernels::Op perspective_op(const Corners& from, const Corners& to, const WarpLook& look);

}  // namespace stoker::augment

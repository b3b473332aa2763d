#include "stoker/augment/warp.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

// [a b; c d]
struct Matrix {
  double a = 1, b = 0, c = 0, d = 1;
};

Matrix operator*(const Matrix& m, const Matrix& n) {
  return {m.a * n.a + m.b * n.c, m.a * n.b + m.b * n.d, m.c * n.a + m.d * n.c,
          m.c * n.b + m.d * n.d};
}

Matrix inverse(const Matrix& m) {
  const double determinant = m.a * m.d - m.b * m.c;
  return {m.d / determinant, -m.b / determinant, -m.c / determinant, m.a / determinant};
}

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

kernels::Op warp(const std::array<double, 8>& map, const WarpLook& look) {
  kernels::Op op{kernels::OpKind::kWarp};
  for (size_t i = 0; i < map.size(); ++i) op.p[i] = static_cast<float>(map[i]);
  op.bilinear = look.interpolation == Interpolation::kBilinear;
  op.fill = static_cast<uint8_t>(look.fill);
  return op;
}

// Solves the 8 equations in place by elimination with pivots; column 8 is the right side.
std::array<double, 8> solve(std::array<std::array<double, 9>, 8>& rows) {
  constexpr size_t kN = 8;
  for (size_t i = 0; i < kN; ++i) {
    size_t pivot = i;
    for (size_t j = i + 1; j < kN; ++j)
      if (std::fabs(rows[j][i]) > std::fabs(rows[pivot][i])) pivot = j;
    std::swap(rows[i], rows[pivot]);
    STOKER_CHECK(rows[i][i] != 0, "corners on one line, column {}", i);
    for (size_t j = 0; j < kN; ++j) {
      if (j == i) continue;
      const double factor = rows[j][i] / rows[i][i];
      for (size_t k = i; k <= kN; ++k) rows[j][k] -= factor * rows[i][k];
    }
  }
  std::array<double, kN> solution{};
  for (size_t i = 0; i < kN; ++i) solution[i] = rows[i][kN] / rows[i][i];
  return solution;
}

}  // namespace

std::span<const std::string_view> enum_names(Interpolation) {
  static constexpr std::string_view kNames[] = {"nearest", "bilinear"};
  return kNames;
}

kernels::Op affine_op(const Affine& affine, Size size, const WarpLook& look) {
  const double turn = radians(affine.angle);
  const Matrix rotation{std::cos(turn), -std::sin(turn), std::sin(turn), std::cos(turn)};
  const Matrix shear_y{1, 0, -std::tan(radians(affine.shear.y)), 1};
  const Matrix shear_x{1, -std::tan(radians(affine.shear.x)), 0, 1};
  const Matrix scale{affine.scale, 0, 0, affine.scale};
  const Matrix back = inverse(scale * rotation * shear_y * shear_x);
  const Point center = affine.center.value_or(Point{0.5 * size.width, 0.5 * size.height});
  const Point moved{center.x + affine.move.x, center.y + affine.move.y};
  return warp({back.a, back.b, center.x - back.a * moved.x - back.b * moved.y, back.c, back.d,
               center.y - back.c * moved.x - back.d * moved.y, 0, 0},
              look);
}

kernels::Op perspective_op(const Corners& from, const Corners& to, const WarpLook& look) {
  std::array<std::array<double, 9>, 8> rows;
  for (size_t i = 0; i < from.size(); ++i) {
    const Point in = from[i], out = to[i];
    rows[2 * i] = {out.x, out.y, 1, 0, 0, 0, -in.x * out.x, -in.x * out.y, in.x};
    rows[2 * i + 1] = {0, 0, 0, out.x, out.y, 1, -in.y * out.x, -in.y * out.y, in.y};
  }
  return warp(solve(rows), look);
}

}  // namespace stoker::augment

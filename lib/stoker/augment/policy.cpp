#include "stoker/augment/policy.h"

#include <cmath>
#include <numbers>

namespace stoker::augment {
namespace {

using kernels::OpKind;

// Number i of n from `low` to `high`, in float and from the nearer end, as torch.linspace.
float spaced(float low, float high, int64_t i, int64_t n) {
  const float step = (high - low) / static_cast<float>(n - 1);
  return i < n / 2 ? low + step * static_cast<float>(i)
                   : high - step * static_cast<float>(n - 1 - i);
}

// Kept bits, from 8 down by `most_dropped`.
float kept_bits(int64_t i, int64_t n, float most_dropped) {
  return std::nearbyint(8 - static_cast<float>(i) / (static_cast<float>(n - 1) / most_dropped));
}

double degrees_of_slope(double slope) { return std::atan(slope) * 180 / std::numbers::pi; }

}  // namespace

Magnitude magnitude_of(PolicySpace space, PolicyOp op, int64_t index, int64_t bins, Size size) {
  const bool wide = space == PolicySpace::kWide;
  const auto up_to = [&](double most) {
    return Magnitude{spaced(0, static_cast<float>(most), index, bins), true};
  };
  switch (op) {
    case PolicyOp::kShearX:
    case PolicyOp::kShearY:
      return up_to(wide ? 0.99 : 0.3);
    case PolicyOp::kTranslateX:
      return up_to(wide ? 32.0 : 150.0 / 331.0 * size.width);
    case PolicyOp::kTranslateY:
      return up_to(wide ? 32.0 : 150.0 / 331.0 * size.height);
    case PolicyOp::kRotate:
      return up_to(wide ? 135 : 30);
    case PolicyOp::kBrightness:
    case PolicyOp::kColor:
    case PolicyOp::kContrast:
    case PolicyOp::kSharpness:
      return up_to(wide ? 0.99 : 0.9);
    case PolicyOp::kPosterize:
      return {kept_bits(index, bins, wide ? 6 : 4), false};
    case PolicyOp::kSolarize:
      return {spaced(1, 0, index, bins), false};
    case PolicyOp::kIdentity:
    case PolicyOp::kAutocontrast:
    case PolicyOp::kEqualize:
    case PolicyOp::kInvert:
      break;
  }
  return {};
}

void append(PolicyOp op, double value, Size size, const WarpLook& look, kernels::Program& program) {
  const auto add = [&program](OpKind kind, double parameter = 0) {
    program.add({kind, {static_cast<float>(parameter)}});
  };
  const auto add_warp = [&](const Affine& affine) { program.add(affine_op(affine, size, look)); };
  switch (op) {
    case PolicyOp::kIdentity:
      return;
    case PolicyOp::kShearX:
      return add_warp({.shear = {degrees_of_slope(value), 0}, .center = Point{}});
    case PolicyOp::kShearY:
      return add_warp({.shear = {0, degrees_of_slope(value)}, .center = Point{}});
    case PolicyOp::kTranslateX:
      return add_warp({.move = {std::trunc(value), 0}});
    case PolicyOp::kTranslateY:
      return add_warp({.move = {0, std::trunc(value)}});
    case PolicyOp::kRotate:  // counter-clockwise, unlike an affine map's angle
      return add_warp({.angle = -value});
    case PolicyOp::kBrightness:
      return add(OpKind::kBrightness, 1 + value);
    case PolicyOp::kColor:
      return add(OpKind::kSaturation, 1 + value);
    case PolicyOp::kContrast:
      return add(OpKind::kContrast, 1 + value);
    case PolicyOp::kSharpness:
      return add(OpKind::kSharpness, 1 + value);
    case PolicyOp::kPosterize:
      return add(OpKind::kPosterize, value);
    case PolicyOp::kSolarize:
      return add(OpKind::kSolarize, 255 * value);
    case PolicyOp::kAutocontrast:
      return add(OpKind::kAutocontrast);
    case PolicyOp::kEqualize:
      return add(OpKind::kEqualize);
    case PolicyOp::kInvert:
      return add(OpKind::kInvert);
  }
}

void append_drawn(PolicyOp op, const Magnitude& magnitude, Size size, const WarpLook& look,
                  RandomStream& random, kernels::Program& program) {
  const bool negative = magnitude.is_signed && random.coin();
  append(op, negative ? -magnitude.value : magnitude.value, size, look, program);
}

}  // namespace stoker::augment

// random_affine: turned, moved, scaled and sheared by random amounts. random_perspective: the
// corners pulled inwards. Parameters and draws as torchvision's.
#include <fmt/ranges.h>

#include <cmath>

#include "stoker/augment/range.h"
#include "stoker/augment/rows.h"
#include "stoker/augment/warp.h"
#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

void describe_look(Interpolation& interpolation, int64_t& fill, config::Fields& fields) {
  fields("interpolation", interpolation, "how pixels are read between their centres");
  fields("fill", fill, "0 to 255: what shows outside the image").in(0, 255);
}

struct RandomAffineOptions {
  std::vector<double> degrees = {0};
  std::vector<double> translate = {0, 0};
  std::vector<double> scale = {1, 1};
  std::vector<double> shear = {0};
  Interpolation interpolation = Interpolation::kBilinear;
  int64_t fill = 0;
  double probability = 1;
};

void describe(RandomAffineOptions& o, config::Fields& fields) {
  fields("degrees", o.degrees, "10 turns by -10 to 10; [low, high] by these").in(-360, 360);
  fields("translate", o.translate, "largest move as a share of the width and of the height")
      .in(0, 1);
  fields("scale", o.scale, "[low, high] of the factor").above(0).at_most(100);
  fields("shear", o.shear,
         "degrees along x: 10 for -10 to 10, [low, high]; four numbers: along x and along y")
      .in(-85, 85);
  describe_look(o.interpolation, o.fill, fields);
  fields("probability", o.probability, "of moving an image at all").in(0, 1);
}

class RandomAffine : public ImageStep {
 public:
  explicit RandomAffine(const RandomAffineOptions& o)
      : degrees_(range_of(o.degrees, kName, "degrees", {-360, 360, 0})),
        scale_(range_of(o.scale, kName, "scale", {0.01, 100, 1})),
        look_{o.interpolation, o.fill},
        probability_(static_cast<float>(o.probability)) {
    if (o.translate.size() != 2 || !(o.translate[0] >= 0 && o.translate[0] <= 1) ||
        !(o.translate[1] >= 0 && o.translate[1] <= 1))
      throw ConfigError(
          fmt::format("augment: {}: translate is [{}], expected two shares from 0 to 1, of the "
                      "width and of the "
                      "height.",
                      kName, fmt::join(o.translate, ", ")));
    translate_ = {o.translate[0], o.translate[1]};
    const bool both = o.shear.size() == 4;
    const std::vector<double> first(o.shear.begin(), both ? o.shear.begin() + 2 : o.shear.end());
    shear_x_ = range_of(first, kName, "shear", {-85, 85, 0});
    if (both) shear_y_ = range_of({o.shear[2], o.shear[3]}, kName, "shear", {-85, 85, 0});
  }

  int most_ops() const override { return 1; }

  void append(Size size, RandomStream& random, kernels::Program& program) const override {
    if (!random.coin(probability_)) return;
    Affine affine;
    affine.angle = degrees_.draw(random);
    const double most_x = translate_.x * size.width, most_y = translate_.y * size.height;
    affine.move.x = std::nearbyint(Range{-most_x, most_x}.draw(random));
    affine.move.y = std::nearbyint(Range{-most_y, most_y}.draw(random));
    affine.scale = scale_.draw(random);
    affine.shear.x = shear_x_.draw(random);
    affine.shear.y = shear_y_.draw(random);
    program.add(affine_op(affine, size, look_));
  }

 private:
  static constexpr std::string_view kName = "random_affine";
  Range degrees_, scale_, shear_x_, shear_y_;
  Point translate_;
  WarpLook look_;
  float probability_;
};

struct RandomPerspectiveOptions {
  double distortion = 0.5;
  Interpolation interpolation = Interpolation::kBilinear;
  int64_t fill = 0;
  double probability = 0.5;
};

void describe(RandomPerspectiveOptions& o, config::Fields& fields) {
  fields("distortion", o.distortion, "how far corners move in, as a share of half the side")
      .in(0, 1);
  describe_look(o.interpolation, o.fill, fields);
  fields("probability", o.probability, "of changing an image").in(0, 1);
}

class RandomPerspective : public ImageStep {
 public:
  explicit RandomPerspective(const RandomPerspectiveOptions& o)
      : distortion_(o.distortion),
        look_{o.interpolation, o.fill},
        probability_(static_cast<float>(o.probability)) {}

  int most_ops() const override { return 1; }

  void append(Size size, RandomStream& random, kernels::Program& program) const override {
    if (!random.coin(probability_)) return;
    const int32_t right = size.width - 1, bottom = size.height - 1;
    if (right < 1 || bottom < 1) return;  // a line has no perspective
    const int32_t half_width = size.width / 2, half_height = size.height / 2;
    // Corners of both sides may come to one point, which no map undoes.
    const int32_t most_x =
        std::min(static_cast<int32_t>(distortion_ * half_width), (size.width - 2) / 2);
    const int32_t most_y =
        std::min(static_cast<int32_t>(distortion_ * half_height), (size.height - 2) / 2);
    const auto inwards = [&random](int32_t most) {
      return static_cast<int32_t>(random.below(static_cast<uint32_t>(most) + 1));
    };
    Corners to;
    for (size_t i = 0; i < to.size(); ++i) {
      const int32_t x = inwards(most_x), y = inwards(most_y);
      to[i] = {static_cast<double>(i == 1 || i == 2 ? right - x : x),
               static_cast<double>(i >= 2 ? bottom - y : y)};
    }
    const double r = right, b = bottom;
    program.add(perspective_op({{{0, 0}, {r, 0}, {r, b}, {0, b}}}, to, look_));
  }

 private:
  double distortion_;
  WarpLook look_;
  float probability_;
};

}  // namespace

StepTable::Row random_affine_row() {
  return row_of<RandomAffine, RandomAffineOptions>(
      "random_affine", "turned, moved, scaled and sheared by random amounts");
}

StepTable::Row random_perspective_row() {
  return row_of<RandomPerspective, RandomPerspectiveOptions>(
      "random_perspective", "the corners pulled inwards by random amounts");
}

}  // namespace stoker::augment

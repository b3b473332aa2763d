// The canvas's arithmetic against the steps done one by one on pixels.
#include "stoker/augment/canvas.h"

#include <algorithm>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "stoker/kernels/augment.h"
#include "stoker/kernels/augment_body.h"
#include "support/catch.h"

namespace stoker::augment {
namespace {

struct Pixels {
  int32_t width = 0, height = 0;
  std::vector<uint8_t> values;
  uint8_t at(int32_t x, int32_t y) const { return values[static_cast<size_t>(y * width + x)]; }
};

Pixels random_pixels(RandomStream& random, int32_t width, int32_t height) {
  Pixels p{width, height, {}};
  for (int32_t i = 0; i < width * height; ++i)
    p.values.push_back(static_cast<uint8_t>(random.below(256)));
  return p;
}

// Pixels beyond the edge follow the border, as if the image had been padded first.
Pixels cropped(const Pixels& from, const Rectangle& part, kernels::Border border) {
  Pixels to{part.width, part.height, {}};
  for (int32_t y = 0; y < part.height; ++y)
    for (int32_t x = 0; x < part.width; ++x) {
      const int32_t from_x = kernels::border_index(part.x + x, from.width, border);
      const int32_t from_y = kernels::border_index(part.y + y, from.height, border);
      to.values.push_back(from_x < 0 || from_y < 0 ? uint8_t{0} : from.at(from_x, from_y));
    }
  return to;
}

Pixels mirrored(const Pixels& from, bool across, bool down) {
  Pixels to = from;
  for (int32_t y = 0; y < from.height; ++y)
    for (int32_t x = 0; x < from.width; ++x)
      to.values[static_cast<size_t>(y * from.width + x)] =
          from.at(across ? from.width - 1 - x : x, down ? from.height - 1 - y : y);
  return to;
}

Pixels shown(const Pixels& source, const Canvas& canvas) {
  std::vector<float> out(static_cast<size_t>(canvas.width * canvas.height));
  const kernels::ImageView image{source.values.data(), source.width, source.height, 1,
                                 source.width};
  kernels::augment(image, canvas.geometry, {{1, 1, 1}, {0, 0, 0}},
                   {out.data(), kernels::PixelType::kFloat32, canvas.width, canvas.height, 1}, 0);
  return {canvas.width, canvas.height, {out.begin(), out.end()}};
}

Rectangle part_of(RandomStream& random, int32_t width, int32_t height) {
  const auto pick = [&](int32_t n) {
    return static_cast<int32_t>(random.below(static_cast<uint32_t>(n)));
  };
  const int32_t x = pick(width), y = pick(height);
  return {x, y, 1 + pick(width - x), 1 + pick(height - y)};
}

void mirror_both(RandomStream& random, Canvas& canvas, Pixels& expected) {
  const bool across = random.coin(), down = random.coin();
  if (across) mirror_x(canvas);
  if (down) mirror_y(canvas);
  expected = mirrored(expected, across, down);
}

void crop_both(Canvas& canvas, Pixels& expected, const Rectangle& part) {
  expected = cropped(expected, part, canvas.geometry.border);
  crop(canvas, part);
}

TEST_CASE("crops, mirrors and padding compose as if done one by one") {
  RandomStream random({.seed = 21}, Purpose::kSynthesize);
  for (int round = 0; round < 3000; ++round) {
    const int32_t width = 1 + static_cast<int32_t>(random.below(11));
    const int32_t height = 1 + static_cast<int32_t>(random.below(9));
    const Pixels source = random_pixels(random, width, height);
    Pixels expected = source;
    Canvas canvas = canvas_of(width, height);
    mirror_both(random, canvas, expected);
    crop_both(canvas, expected, part_of(random, canvas.width, canvas.height));
    mirror_both(random, canvas, expected);
    settle(canvas);
    canvas.geometry.border = static_cast<kernels::Border>(random.below(3));
    const int32_t pad = static_cast<int32_t>(random.below(7));
    Rectangle part = part_of(random, canvas.width + 2 * pad, canvas.height + 2 * pad);
    part.x -= pad;
    part.y -= pad;
    crop_both(canvas, expected, part);
    mirror_both(random, canvas, expected);
    crop_both(canvas, expected, part_of(random, canvas.width, canvas.height));
    mirror_both(random, canvas, expected);
    const Pixels got = shown(source, canvas);
    REQUIRE(got.width == expected.width);
    REQUIRE(got.height == expected.height);
    REQUIRE(got.values == expected.values);
  }
}

TEST_CASE("a stretched part of a cropped, mirrored canvas is the same part of its pixels") {
  RandomStream random({.seed = 22}, Purpose::kSynthesize);
  for (int round = 0; round < 500; ++round) {
    const Pixels source = random_pixels(random, 19, 13);
    Pixels pixels = source;
    Canvas canvas = canvas_of(19, 13);
    mirror_both(random, canvas, pixels);
    crop_both(canvas, pixels, part_of(random, 19, 13));
    mirror_both(random, canvas, pixels);
    const Rectangle part = part_of(random, canvas.width, canvas.height);
    resample(canvas, part, {7, 5});
    Canvas alone = canvas_of(pixels.width, pixels.height);
    resample(alone, part, {7, 5});
    const Pixels got = shown(source, canvas), expected = shown(pixels, alone);
    // Mirrored sums run in the other order: a value may round to the neighbouring integer.
    for (size_t i = 0; i < got.values.size(); ++i)
      REQUIRE(std::abs(got.values[i] - expected.values[i]) <= 1);
  }
}

TEST_CASE("boxes of two resamplings multiply") {
  Canvas canvas = canvas_of(400, 300);
  resample(canvas, {0, 0, 400, 300}, {200, 150});
  mirror_x(canvas);
  resample(canvas, {10, 20, 100, 30}, {50, 60});
  const kernels::Geometry& g = canvas.geometry;
  CHECK(g.box_x == 180);  // 200 - 10 - 100 = 90 from the left, at two source pixels each
  CHECK(g.box_y == 40);
  CHECK(g.box_w == 200);
  CHECK(g.box_h == 60);
  CHECK(g.grid_w == 50);
  CHECK(g.grid_h == 60);
  CHECK(g.flip_x);
  CHECK(canvas.width == 50);
  CHECK(canvas.height == 60);
}

TEST_CASE("a border cannot be stretched") {
  Canvas canvas = canvas_of(8, 6);
  crop(canvas, {-1, 0, 8, 6});
  CHECK_THROWS_AS(resample(canvas, {0, 0, 8, 6}, {4, 4}), DataError);
  CHECK_THROWS_AS(settle(canvas), DataError);
  CHECK_THROWS_AS(canvas_of(0, 5), InternalError);
  Canvas other = canvas_of(8, 6);
  CHECK_THROWS_AS(resample(other, {4, 0, 5, 6}, {4, 4}), InternalError);
}

}  // namespace
}  // namespace stoker::augment

#include "stoker/augment/views.h"

#include <array>
#include <set>

#include "steps.h"
#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::augment {
namespace {

using namespace test;
using Catch::Contains;
using kernels::Geometry;

Pipeline with_views(std::vector<config::Choice> steps, const ViewOptions& views) {
  return Pipeline(steps, views);
}

Geometry view(const Pipeline& pipeline, uint32_t repetition, int32_t width, int32_t height) {
  return pipeline.draw({.seed = 4, .epoch = 1, .sample = 9, .repetition = repetition}, width,
                       height);
}

TEST_CASE("views: five crops are the centre and the corners, mirrored one after the other") {
  const ViewOptions views{.flip = true, .crops = Crops::kFive};
  REQUIRE(views.count() == 10);
  const Pipeline p = with_views({resize({40, 60}), center_crop({24, 32})}, views);
  const std::vector<std::pair<int, int>> places{{14, 8}, {0, 0}, {28, 0}, {0, 16}, {28, 16}};
  for (uint32_t i = 0; i < 10; ++i) {
    CAPTURE(i);
    const Geometry g = view(p, i, 90, 70);
    CHECK(g.grid_w == 60);
    CHECK(g.grid_h == 40);
    CHECK(g.flip_x == (i % 2 == 1));
    // Mirroring turns the canvas round: the same columns, read from the other end.
    CHECK(std::pair(g.offset_x, g.offset_y) == places[i / 2]);
  }
}

TEST_CASE("views: without any, repetitions show the same") {
  const Pipeline p = with_views({resize({40}), center_crop({24})}, {});
  const Geometry first = view(p, 0, 50, 50), second = view(p, 3, 50, 50);
  CHECK(first.offset_x == second.offset_x);
  CHECK(first.offset_y == second.offset_y);
  CHECK_FALSE(second.flip_x);
}

TEST_CASE("views: mirroring alone doubles the views") {
  const ViewOptions views{.flip = true};
  REQUIRE(views.count() == 2);
  const Pipeline p = with_views({center_crop({5, 6})}, views);
  CHECK_FALSE(view(p, 0, 9, 8).flip_x);
  CHECK(view(p, 1, 9, 8).flip_x);
}

TEST_CASE("views: moved ones begin elsewhere and mirror the edge") {
  const ViewOptions views{.flip = true, .translate = 2};
  REQUIRE(views.count() == 6);
  const Pipeline p = with_views({center_crop({5, 6})}, views);
  for (uint32_t i = 0; i < 6; ++i) {
    CAPTURE(i);
    const Geometry g = view(p, i, 6, 5);
    const int shift = std::array{0, 2, -2}[i / 2];
    CHECK(g.flip_x == (i % 2 == 1));
    CHECK(g.offset_y == shift);
    CHECK(g.offset_x == shift);  // moved first, then mirrored
    if (shift != 0) CHECK(g.border == kernels::Border::kReflect);
  }
  CHECK(p.output_size(6, 5) == Size{6, 5});
  CHECK_THROWS_WITH(with_views({resize({9}), center_crop({5})}, views),
                    Contains("eval.tta.translate") && Contains("resized"));
  CHECK_THROWS_WITH(with_views({pad_crop({5}, 1)}, views), Contains("pads already"));
}

TEST_CASE("views: where an image is smaller than the crop, no corner is told from another") {
  const Pipeline p = with_views({center_crop({12, 6})}, {.crops = Crops::kFive});
  std::set<std::pair<int, int>> places;
  for (uint32_t i = 0; i < 5; ++i) {
    const Geometry g = view(p, i, 10, 8);
    places.insert({g.offset_x, g.offset_y});
  }
  // Padded above and below all the same, at the left or at the right edge or between.
  CHECK(places == std::set<std::pair<int, int>>{{0, -2}, {2, -2}, {4, -2}});
}

TEST_CASE("views: only the last crop has corners") {
  const Pipeline p =
      with_views({center_crop({20}), resize({16}), center_crop({8})}, {.crops = Crops::kFive});
  for (uint32_t i = 0; i < 5; ++i) {
    const Geometry g = view(p, i, 30, 40);
    CHECK(g.box_x == 5);
    CHECK(g.box_y == 10);
    CHECK(g.box_w == 20);
  }
  CHECK(view(p, 4, 30, 40).offset_x == 8);
}

TEST_CASE("views: five crops of what no crop cuts are refused with the way out") {
  const ViewOptions five{.crops = Crops::kFive};
  CHECK_THROWS_WITH(with_views({resize({8, 8})}, five),
                    Contains("eval.tta.crops") && Contains("resize decides"));
  CHECK_THROWS_WITH(with_views({}, five), Contains("nothing decides"));
  CHECK_THROWS_WITH(with_views({center_crop({8}), resize({6, 6})}, five),
                    Contains("center_crop last"));
}

}  // namespace
}  // namespace stoker::augment

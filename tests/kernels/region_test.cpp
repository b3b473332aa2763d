#include "stoker/kernels/region.h"

#include <cstring>

#include "random_image.h"
#include "stoker/core/error.h"
#include "stoker/kernels/augment.h"
#include "stoker/kernels/augment_body.h"
#include "support/catch.h"

namespace stoker::kernels {
namespace {

using test::between;

// An exact copy of a part, so that a sanitizer sees one byte too many.
test::Image part_of(const ImageView& image, const Region& region) {
  test::Image part;
  const auto row_bytes = static_cast<size_t>(region.width) * static_cast<size_t>(image.channels);
  for (int32_t y = 0; y < region.height; ++y) {
    const uint8_t* row = image.at(region.x, region.y + y);
    part.bytes.insert(part.bytes.end(), row, row + row_bytes);
  }
  part.view = {part.bytes.data(), region.width,         region.height,
               image.channels,    int64_t(row_bytes),   region.x,
               region.y,          image.source_width(), image.source_height()};
  return part;
}

TEST_CASE("the region that is needed gives the bits of the whole image") {
  RandomStream random({.seed = 11}, Purpose::kSynthesize);
  int smaller = 0;
  for (int round = 0; round < 2000; ++round) {
    const auto image = test::random_image(random, between(random, 1, 70), between(random, 1, 50),
                                          random.coin() ? 3 : 1, round % 3);
    const Geometry g = test::random_geometry(random, image.view);
    const int32_t width = between(random, 1, 45), height = between(random, 1, 20);
    const Extent source{image.view.width, image.view.height};
    const Region region = source_region(g, {width, height}, source);
    REQUIRE(region.x >= 0);
    REQUIRE(region.y >= 0);
    REQUIRE(region.width > 0);
    REQUIRE(region.height > 0);
    REQUIRE(region.x + region.width <= source.width);
    REQUIRE(region.y + region.height <= source.height);
    smaller += region.width * region.height < source.width * source.height;
    const auto part = part_of(image.view, region);
    const auto pixels = static_cast<size_t>(width * height * 3);
    std::vector<float> of_whole(pixels), of_part(pixels), by_body(pixels), by_body_whole(pixels);
    const auto output = [&](std::vector<float>& memory) {
      return OutputView{memory.data(), PixelType::kFloat32, width, height, 3};
    };
    augment(image.view, g, {}, output(of_whole), 0);
    augment(part.view, g, {}, output(of_part), 0);
    CHECK(std::memcmp(of_whole.data(), of_part.data(), pixels * sizeof(float)) == 0);
    for (int32_t y = 0; y < height; ++y)
      for (int32_t x = 0; x < width; ++x) {
        augment_pixel(part.view, g, {}, output(by_body), 0, x, y);
        augment_pixel(image.view, g, {}, output(by_body_whole), 0, x, y);
      }
    CHECK(by_body == by_body_whole);
  }
  CHECK(smaller > 1500);
}

TEST_CASE("a part that lacks pixels is refused") {
  RandomStream random({.seed = 12}, Purpose::kSynthesize);
  const auto image = test::random_image(random, 23, 17, 3);
  Geometry g;
  g.box_x = 3, g.box_y = 5, g.box_w = 11, g.box_h = 7, g.grid_w = 6, g.grid_h = 9;
  const Region needed = source_region(g, {6, 9}, {23, 17});
  CHECK(needed == Region{3, 5, 11, 7});
  std::vector<float> pixels(6 * 9 * 3);
  const OutputView output{pixels.data(), PixelType::kFloat32, 6, 9, 3};
  CHECK_NOTHROW(check_augment(part_of(image.view, needed).view, g, output));
  for (const Region& lacking :
       {Region{4, 5, 10, 7}, Region{3, 6, 11, 6}, Region{3, 5, 10, 7}, Region{3, 5, 11, 6}})
    CHECK_THROWS_AS(check_augment(part_of(image.view, lacking).view, g, output), InternalError);
}

TEST_CASE("a window of a resized image needs only its own source pixels") {
  Geometry g;  // resize of 1000x800 to 250x200, then the middle 100x50
  g.box_w = 1000, g.box_h = 800, g.grid_w = 250, g.grid_h = 200, g.offset_x = 75, g.offset_y = 75;
  const Region region = source_region(g, {100, 50}, {1000, 800});
  // Four source pixels a grid pixel, and a radius of four about the outermost centres.
  CHECK(region == Region{298, 298, 404, 204});
}

TEST_CASE("the shrink keeps a source pixel for each of the grid's") {
  const auto shrink = [](float box_w, float box_h) {
    Geometry g;
    g.box_w = box_w, g.box_h = box_h, g.grid_w = 224, g.grid_h = 100;
    return shrink_of(g);
  };
  CHECK(shrink(224, 100) == 1);
  CHECK(shrink(447, 900) == 1);
  CHECK(shrink(448, 900) == 2);
  CHECK(shrink(900, 199) == 1);
  CHECK(shrink(900, 400) == 4);
  CHECK(shrink(10'000, 10'000) == 8);
  Geometry g;
  g.box_x = 13, g.box_y = 7, g.box_w = 900, g.box_h = 401;
  const Geometry quarter = shrunk(g, 4);
  CHECK(quarter.box_x == 3.25f);
  CHECK(quarter.box_y == 1.75f);
  CHECK(quarter.box_w == 225);
  CHECK(quarter.box_h == 100.25f);
}

}  // namespace
}  // namespace stoker::kernels

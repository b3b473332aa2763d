#include "stoker/augment/pipeline.h"

#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "steps.h"
#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::augment {
namespace {

using namespace test;
using Catch::Contains;
using kernels::Geometry;

auto tie(const Geometry& g) {
  return std::tuple(g.box_x, g.box_y, g.box_w, g.box_h, g.grid_w, g.grid_h, g.offset_x, g.offset_y,
                    g.flip_x, g.flip_y, g.border);
}

TEST_CASE("means and deviations on the scale from 0 to 255 are refused with the right ones") {
  CHECK_THROWS_WITH(pipeline({normalize({123.675, 116.28, 103.53}, {58.395, 57.12, 57.375})}),
                    Contains("augment: normalize: mean is [123.675, 116.28, 103.53]") &&
                        Contains("on the scale from 0 to 255") &&
                        Contains("{mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}"));
  // Caffe's, and those that only divide by 255.
  CHECK_THROWS_WITH(pipeline({normalize({104, 117, 123}, {1})}),
                    Contains("{mean: [0.4078, 0.4588, 0.4824], std: [0.0039]}"));
  CHECK_THROWS_WITH(pipeline({normalize({0}, {255})}), Contains("{mean: [0], std: [1]}"));
  CHECK_NOTHROW(pipeline({normalize({0}, {1})}));
  CHECK_NOTHROW(pipeline({normalize({-1}, {1})}));
}

TEST_CASE("the same seed, epoch and sample give the same geometry, others another") {
  const Pipeline p = pipeline({random_resized_crop({24}), pad_crop({20, 22}, 3),
                               flip(HorizontalFlip::kRandom, VerticalFlip::kRandom)});
  std::set<decltype(tie(Geometry{}))> seen;
  for (uint64_t seed : {0, 1})
    for (uint32_t epoch : {0, 1, 2})
      for (uint64_t sample : {0, 1, 50'000}) {
        const auto once = tie(p.draw({seed, epoch, sample}, 50, 37));
        CHECK(once == tie(p.draw({seed, epoch, sample}, 50, 37)));
        seen.insert(once);
      }
  CHECK(seen.size() == 18);
}

TEST_CASE("an empty list copies the image") {
  const Pipeline p = pipeline({});
  CHECK(tie(p.draw({}, 7, 5)) == tie(Geometry{0, 0, 7, 5, 7, 5}));
  CHECK(p.output_size(7, 5) == Size{7, 5});
  CHECK_FALSE(p.fixed_size());
  CHECK(p.normalization().scale[1] == Approx(1.0 / 255));
  CHECK(p.normalization().bias[2] == 0);
}

TEST_CASE("pad_crop reaches every place equally often") {
  const Pipeline p = pipeline({pad_crop({6, 8}, 2)});  // of 9 x 7: 6 x 6 places
  CHECK(p.fixed_size() == Size{8, 6});
  std::map<std::pair<int, int>, int> places;
  constexpr int kDraws = 36'000;
  for (int i = 0; i < kDraws; ++i) {
    const Geometry g = p.draw({3, 1, static_cast<uint64_t>(i)}, 9, 7);
    CHECK(g.border == kernels::Border::kReflect);
    ++places[{g.offset_x, g.offset_y}];
  }
  REQUIRE(places.size() == 36);
  CHECK(places.begin()->first == std::pair(-2, -2));
  CHECK(places.rbegin()->first == std::pair(3, 3));
  for (const auto& [place, count] : places) CHECK(std::abs(count - 1000) < 160);  // five sigma
}

TEST_CASE("padding begins where an earlier crop ends, not where the source does") {
  const Pipeline p = pipeline({center_crop({3, 4}), pad_crop({7, 8}, 2, PadMode::kEdge)});
  const Geometry g = p.draw({}, 10, 9);
  CHECK(tie(g) == tie(Geometry{3, 3, 4, 3, 4, 3, -2, -2, false, false, kernels::Border::kEdge}));
}

TEST_CASE("alternating flips turn every sample every epoch, half of them first") {
  const Pipeline p = pipeline({flip(HorizontalFlip::kAlternating)});
  int mirrored = 0;
  for (uint64_t sample = 0; sample < 10'000; ++sample) {
    const bool first = p.draw({5, 0, sample}, 4, 3).flip_x;
    mirrored += first;
    for (uint32_t epoch = 1; epoch < 6; ++epoch)
      REQUIRE(p.draw({5, epoch, sample}, 4, 3).flip_x == (first != (epoch % 2 == 1)));
  }
  CHECK(std::abs(mirrored - 5000) < 250);
}

TEST_CASE("random flips follow their probability and axis") {
  const Pipeline p = pipeline({flip(HorizontalFlip::kRandom, VerticalFlip::kRandom, 0.2)});
  const Pipeline none = pipeline({flip(HorizontalFlip::kNone)});
  int across = 0, down = 0, both = 0;
  for (uint64_t sample = 0; sample < 10'000; ++sample) {
    const Geometry g = p.draw({5, 2, sample}, 4, 3);
    across += g.flip_x;
    down += g.flip_y;
    both += g.flip_x && g.flip_y;
    const Geometry plain = none.draw({5, 2, sample}, 4, 3);
    REQUIRE_FALSE((plain.flip_x || plain.flip_y));
  }
  CHECK(std::abs(across - 2000) < 200);  // five sigma
  CHECK(std::abs(down - 2000) < 200);
  CHECK(std::abs(both - 400) < 100);
}

TEST_CASE("sizes are [height, width], and a short side keeps the aspect") {
  CHECK(pipeline({resize({24})}).output_size(50, 40) == Size{30, 24});
  CHECK(pipeline({resize({24})}).output_size(40, 50) == Size{24, 30});
  CHECK(pipeline({resize({7})}).output_size(3, 5) == Size{7, 11});  // 11.67 rounded down
  CHECK_FALSE(pipeline({resize({24})}).fixed_size());
  CHECK(pipeline({resize({24, 33})}).fixed_size() == Size{33, 24});
  CHECK(pipeline({center_crop({5, 6})}).fixed_size() == Size{6, 5});
  CHECK(pipeline({random_resized_crop({5, 6})}).fixed_size() == Size{6, 5});
  CHECK(pipeline({center_crop({10, 20}), resize({5})}).fixed_size() == Size{10, 5});
}

TEST_CASE("normalize takes one number or three") {
  const auto three = pipeline({normalize({0.5, 0.25, 0.1}, {0.5, 0.2, 0.4})}).normalization();
  CHECK(three.scale[1] == Approx(1 / (255 * 0.2)));
  CHECK(three.bias[0] == -1);
  CHECK(three.bias[2] == Approx(-0.25));
  const auto one = pipeline({normalize({0.5}, {0.25})}).normalization();
  CHECK(one.scale[2] == Approx(1 / (255 * 0.25)));
  CHECK(one.bias[2] == -2);
  CHECK_THROWS_WITH(pipeline({normalize({0.5, 0.5}, {1})}), Contains("mean is [0.5, 0.5]"));
  CHECK_THROWS_WITH(pipeline({normalize({0.5}, {0})}), Contains("std is [0]"));
  CHECK_THROWS_AS(pipeline({normalize({}, {})}), ConfigError);
  CHECK_THROWS_AS(pipeline({normalize({NAN}, {1})}), ConfigError);
}

TEST_CASE("orders that one pass cannot do are refused before any image") {
  const auto random = HorizontalFlip::kRandom;
  CHECK_THROWS_WITH(pipeline({pad_crop({8}, 2), resize({4})}), Contains("resize comes after"));
  CHECK_THROWS_WITH(pipeline({pad_crop({8}, 2), random_resized_crop({4})}),
                    Contains("put random_resized_crop first"));
  CHECK_THROWS_WITH(pipeline({pad_crop({8}, 2), pad_crop({8}, 2)}), Contains("pads once"));
  CHECK_THROWS_WITH(pipeline({resize({20}), center_crop({10}), pad_crop({10}, 2)}),
                    Contains("crop of a resized image"));
  CHECK_THROWS_WITH(pipeline({resize({20}), center_crop({10}), center_crop({12})}),
                    Contains("center_crop to 12x12 comes after a crop to 10x10"));
  CHECK_THROWS_WITH(pipeline({normalize({0}, {1}), pad_crop({8}, 2, PadMode::kZero)}),
                    Contains("put normalize last"));
  CHECK_THROWS_WITH(pipeline({normalize({0}, {1}), normalize({0}, {1})}), Contains("twice"));
  CHECK_THROWS_AS(pipeline({resize({20, 20}), center_crop({30}), resize({10})}), ConfigError);
  CHECK_NOTHROW(pipeline({random_resized_crop({8}), pad_crop({8}, 2), flip(random)}));
  CHECK_NOTHROW(pipeline({center_crop({8}), pad_crop({8}, 2), center_crop({6})}));
  CHECK_NOTHROW(pipeline({pad_crop({8}, 0), resize({20}), center_crop({18})}));
  CHECK_NOTHROW(pipeline({normalize({0}, {1}), pad_crop({8}, 2), flip(random)}));
}

TEST_CASE("sizes and ranges outside their limits are refused by name") {
  CHECK_THROWS_WITH(pipeline({resize({})}), Contains("resize: size is []"));
  CHECK_THROWS_WITH(pipeline({pad_crop({1, 2, 3}, 0)}), Contains("pad_crop: size is [1, 2, 3]"));
  CHECK_THROWS_AS(pipeline({center_crop({0})}), ConfigError);
  CHECK_THROWS_AS(pipeline({center_crop({65537})}), ConfigError);
  CHECK_THROWS_AS(pipeline({pad_crop({8}, -1)}), ConfigError);
  CHECK_THROWS_WITH(pipeline({random_resized_crop({8}, {0.5, 0.1})}),
                    Contains("scale is [0.5, 0.1]"));
  CHECK_THROWS_AS(pipeline({random_resized_crop({8}, {0.5})}), ConfigError);
  CHECK_THROWS_AS(pipeline({random_resized_crop({8}, {0, 1})}), ConfigError);
  CHECK_THROWS_AS(pipeline({random_resized_crop({8}, {0.5, 1.5})}), ConfigError);
}

TEST_CASE("images too small or too elongated are errors with their sizes") {
  const Pipeline p = pipeline({pad_crop({32}, 2)});
  CHECK_NOTHROW(p.draw({}, 28, 28));
  CHECK_THROWS_AS(p.draw({}, 27, 28), DataError);
  CHECK_THROWS_WITH(p.draw({}, 40, 27), Contains("40x27") && Contains("at least 28x28"));
  CHECK_THROWS_WITH(pipeline({resize({1024})}).draw({}, 60'000, 1), Contains("too elongated"));
  const Pipeline shrinks = pipeline({center_crop({30}), resize({10})});
  CHECK_NOTHROW(shrinks.draw({}, 30, 30));
  CHECK_THROWS_WITH(shrinks.draw({}, 29, 30), Contains("earlier crop to 30x30"));
}

TEST_CASE("random_resized_crop stays inside and copes with any shape") {
  const Pipeline p = pipeline({random_resized_crop({16})});
  for (const auto& [width, height] : {std::pair(1, 1), {1, 500}, {500, 1}, {2, 3}, {500, 375}})
    for (uint64_t sample = 0; sample < 500; ++sample) {
      const Geometry g = p.draw({1, 0, sample}, width, height);
      REQUIRE((g.box_x >= 0 && g.box_w >= 1 && g.box_x + g.box_w <= width));
      REQUIRE((g.box_y >= 0 && g.box_h >= 1 && g.box_y + g.box_h <= height));
      REQUIRE((g.grid_w == 16 && g.grid_h == 16));
    }
}

TEST_CASE("options describe themselves under the words of a config") {
  std::map<std::string, std::vector<std::string>> words;
  for (const config::Alternative& row : augmentations().rows()) {
    config::Choice choice = augmentations().pick(row.name);
    config::Fields fields;
    augmentations().describe(choice, fields);
    for (const config::Field& field : fields.list())
      words[std::string(row.name)].emplace_back(field.name);
  }
  using Words = std::vector<std::string>;
  CHECK(words["pad_crop"] == Words{"size", "pad", "mode"});
  CHECK(words["random_resized_crop"] == Words{"size", "scale", "ratio"});
  CHECK(words["resize"] == Words{"size"});
  CHECK(words["center_crop"] == Words{"size"});
  CHECK(words["flip"] == Words{"horizontal", "vertical", "probability"});
  CHECK(words["normalize"] == Words{"mean", "std"});
}

}  // namespace
}  // namespace stoker::augment

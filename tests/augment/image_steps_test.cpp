// Steps that change pixels, as a config lists them.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "stoker/augment/pipeline.h"
#include "stoker/config/read.h"
#include "stoker/config/yaml.h"
#include "stoker/core/error.h"
#include "stoker/kernels/run_program.h"
#include "support/catch.h"

namespace stoker::augment {
namespace {

using Catch::Contains;
using kernels::Op;
using kernels::OpKind;
using kernels::Program;

struct Listed {
  std::vector<config::Choice> augment;
};
void describe(Listed& o, config::Fields& fields) {
  fields("augment", o.augment, augmentations(), "steps");
}

// From the text of the list: "[color_jitter: {hue: 0.1}, random_invert]".
Pipeline pipeline(const std::string& list) {
  Listed options;
  config::Fields fields;
  describe(options, fields);
  config::read_fields(
      config::parse_yaml("augment: " + list, {.origin = config::Origin::kFile, .source = "a.yaml"}),
      fields);
  return Pipeline(options.augment);
}

Program draw(const Pipeline& p, uint64_t sample, int32_t width = 40, int32_t height = 30) {
  return p.recipe({7, 1, sample}, width, height).program;
}

bool same(const Program& a, const Program& b) {
  if (a.count != b.count || a.erase.x != b.erase.x || a.erase.width != b.erase.width) return false;
  for (int i = 0; i < a.count; ++i)
    if (a.ops[i].kind != b.ops[i].kind || !std::equal(a.ops[i].p, a.ops[i].p + 8, b.ops[i].p))
      return false;
  return true;
}

TEST_CASE("programs are a function of seed, epoch and sample") {
  const Pipeline p = pipeline(
      "[random_resized_crop: {size: 24}, flip, color_jitter: {brightness: 0.4, hue: 0.1}, "
      "rand_augment, gaussian_noise, random_erasing]");
  CHECK(p.has_program());
  int differing = 0;
  for (uint64_t sample = 0; sample < 100; ++sample) {
    const Recipe once = p.recipe({1, 2, sample}, 50, 40);
    const Recipe again = p.recipe({1, 2, sample}, 50, 40);
    CHECK(same(once.program, again.program));
    CHECK(once.program.key.sample == sample);
    CHECK(once.geometry.box_x == p.draw({1, 2, sample}, 50, 40).box_x);
    differing += !same(once.program, p.recipe({1, 3, sample}, 50, 40).program) &&
                 !same(once.program, p.recipe({2, 2, sample}, 50, 40).program);
  }
  CHECK(differing == 100);
  CHECK_FALSE(pipeline("[random_resized_crop: {size: 24}, flip]").has_program());
}

TEST_CASE("color_jitter draws its factors evenly and in every order") {
  const Pipeline p =
      pipeline("[color_jitter: {brightness: 0.4, contrast: [0.5, 0.9], saturation: 3, hue: 0.1}]");
  const std::map<OpKind, std::pair<double, double>> ranges{{OpKind::kBrightness, {0.6, 1.4}},
                                                           {OpKind::kContrast, {0.5, 0.9}},
                                                           {OpKind::kSaturation, {0, 4}},
                                                           {OpKind::kHue, {-0.1, 0.1}}};
  std::map<std::vector<OpKind>, int> orders;
  std::map<OpKind, double> sums;
  constexpr int kDraws = 12'000;
  for (int sample = 0; sample < kDraws; ++sample) {
    const Program program = draw(p, static_cast<uint64_t>(sample));
    REQUIRE(program.count == 4);
    std::vector<OpKind> order;
    for (int i = 0; i < 4; ++i) {
      const Op& op = program.ops[i];
      const auto [low, high] = ranges.at(op.kind);
      REQUIRE((op.p[0] >= static_cast<float>(low) && op.p[0] <= static_cast<float>(high)));
      sums[op.kind] += (op.p[0] - low) / (high - low);
      order.push_back(op.kind);
    }
    ++orders[order];
  }
  CHECK(orders.size() == 24);
  for (const auto& [order, count] : orders) CHECK(std::abs(count - 500) < 110);  // five sigma
  for (const auto& [kind, sum] : sums) CHECK(sum / kDraws == Approx(0.5).margin(0.0132));
  CHECK(draw(pipeline("[color_jitter: {hue: 0.1}]"), 0).count == 1);
}

TEST_CASE("steps of one operation follow their probability") {
  const std::map<std::string, OpKind> steps{
      {"random_grayscale: {probability: 0.3}", OpKind::kGrayscale},
      {"random_posterize: {bits: 3, probability: 0.3}", OpKind::kPosterize},
      {"random_solarize: {threshold: 99, probability: 0.3}", OpKind::kSolarize},
      {"random_autocontrast: {probability: 0.3}", OpKind::kAutocontrast},
      {"random_equalize: {probability: 0.3}", OpKind::kEqualize},
      {"random_invert: {probability: 0.3}", OpKind::kInvert},
      {"random_sharpness: {factor: 1.5, probability: 0.3}", OpKind::kSharpness},
      {"gaussian_blur: {sigma: [0.5, 2], probability: 0.3}", OpKind::kGaussianBlur},
      {"gaussian_noise: {sigma: 0.2, probability: 0.3}", OpKind::kGaussianNoise},
      {"salt_and_pepper: {amount: 0.1, probability: 0.3}", OpKind::kSaltAndPepper},
      {"random_affine: {degrees: 20, probability: 0.3}", OpKind::kWarp},
      {"random_perspective: {probability: 0.3}", OpKind::kWarp}};
  for (const auto& [text, kind] : steps) {
    INFO(text);
    const Pipeline p = pipeline("[" + text + "]");
    int applied = 0;
    for (uint64_t sample = 0; sample < 2000; ++sample) {
      const Program program = draw(p, sample);
      REQUIRE(program.count <= 1);
      if (program.count == 1) REQUIRE(program.ops[0].kind == kind);
      applied += program.count;
    }
    CHECK(std::abs(applied - 600) < 103);  // five sigma
  }
  CHECK(draw(pipeline("[random_posterize: {bits: 3, probability: 1}]"), 0).ops[0].p[0] == 3);
  const Op blur = draw(pipeline("[gaussian_blur: {sigma: [1, 2], probability: 1}]"), 0).ops[0];
  CHECK((blur.p[0] >= 1 && blur.p[0] <= 2 && blur.p[1] == 13));
  CHECK(draw(pipeline("[gaussian_blur: {sigma: 1, kernel_size: 5, probability: 1}]"), 0)
            .ops[0]
            .p[1] == 5);
  CHECK(draw(pipeline("[gaussian_noise: {sigma: 0.2, probability: 1}]"), 0).ops[0].p[0] ==
        Approx(51));
}

TEST_CASE("policies choose every operation about equally often") {
  const Pipeline p = pipeline("[rand_augment: {num_ops: 1}]");
  std::map<OpKind, int> kinds;
  constexpr int kDraws = 14'000;
  int none = 0;
  for (uint64_t sample = 0; sample < kDraws; ++sample) {
    const Program program = draw(p, sample);
    program.count == 0 ? ++none : ++kinds[program.ops[0].kind];
  }
  CHECK(std::abs(none - 1000) < 153);  // five sigma of one in 14
  CHECK(std::abs(kinds[OpKind::kWarp] - 5000) < 284);
  for (OpKind kind :
       {OpKind::kBrightness, OpKind::kSaturation, OpKind::kContrast, OpKind::kSharpness,
        OpKind::kPosterize, OpKind::kSolarize, OpKind::kAutocontrast, OpKind::kEqualize})
    CHECK(std::abs(kinds[kind] - 1000) < 153);
  for (uint64_t sample = 0; sample < 500; ++sample) {
    REQUIRE(draw(pipeline("[rand_augment: {num_ops: 3}]"), sample).count <= 3);
    REQUIRE(draw(pipeline("[trivial_augment_wide]"), sample).count <= 1);
    REQUIRE(draw(pipeline("[auto_augment: {policy: svhn}]"), sample).count <= 2);
  }
}

TEST_CASE("erased boxes keep to the share and the ratio, within the image") {
  const Pipeline p = pipeline(
      "[random_erasing: {probability: 1, scale: [0.1, 0.3], ratio: [0.5, 2], fill: noise}]");
  for (uint64_t sample = 0; sample < 2000; ++sample) {
    const kernels::Erase e = draw(p, sample, 80, 60).erase;
    REQUIRE((e.width > 0 && e.height > 0 && e.x >= 0 && e.y >= 0));
    REQUIRE((e.x + e.width <= 80 && e.y + e.height <= 60));
    const double share = e.width * e.height / 4800.0;
    REQUIRE((share > 0.09 && share < 0.315));  // sides are rounded
    const double ratio = static_cast<double>(e.height) / e.width;
    REQUIRE((ratio > 0.47 && ratio < 2.15));
    REQUIRE(e.fill == kernels::EraseFill::kNoise);
  }
}

TEST_CASE("every step copes with the smallest images") {
  const Pipeline p = pipeline(
      "[color_jitter: {brightness: 1, contrast: 1, saturation: 1, hue: 0.5}, gaussian_blur: "
      "{probability: 1}, random_sharpness: {probability: 1}, random_affine: {degrees: 45}, "
      "random_perspective: {distortion: 1, probability: 1}, auto_augment, random_equalize: "
      "{probability: 1}, random_erasing: {probability: 1}]");
  const std::vector<uint8_t> pixels(4 * 3 * 3, 77);
  for (const auto& [width, height] : {std::pair(1, 1), {1, 3}, {4, 1}, {2, 2}, {4, 3}})
    for (uint64_t sample = 0; sample < 50; ++sample) {
      const Recipe recipe = p.recipe({3, 0, sample}, width, height);
      std::vector<float> out(static_cast<size_t>(width * height * 3), -1.0f);
      kernels::augment({pixels.data(), width, height, 3, width * 3}, recipe.geometry,
                       recipe.program, {},
                       {out.data(), kernels::PixelType::kFloat32, width, height, 3}, 0);
      for (float value : out) REQUIRE((value >= 0 && value <= 1));
    }
}

TEST_CASE("orders that one pass cannot do are refused by name") {
  CHECK_THROWS_WITH(
      pipeline("[random_invert, flip]"),
      Contains("flip comes after random_invert") && Contains("put flip before random_invert"));
  CHECK_THROWS_WITH(pipeline("[rand_augment, color_jitter, resize: {size: 8}]"),
                    Contains("resize comes after rand_augment"));
  CHECK_THROWS_WITH(pipeline("[normalize: {mean: 0.5, std: 0.5}, color_jitter]"),
                    Contains("color_jitter comes after normalize"));
  CHECK_THROWS_WITH(pipeline("[random_erasing, random_invert]"),
                    Contains("random_invert comes after random_erasing"));
  CHECK_THROWS_WITH(pipeline("[random_erasing, random_erasing]"),
                    Contains("put random_erasing last"));
  CHECK_NOTHROW(pipeline("[random_invert, normalize: {mean: 0.5, std: 0.5}, random_erasing]"));
  CHECK_NOTHROW(pipeline("[random_invert, random_erasing, normalize: {mean: 0.5, std: 0.5}]"));
  CHECK_THROWS_WITH(
      pipeline("[rand_augment: {num_ops: 8}, rand_augment: {num_ops: 8}, "
               "random_invert]"),
      Contains("with random_invert the list comes to 17 operations") && Contains("holds 16"));
}

TEST_CASE("options out of their limits are refused by name") {
  CHECK_THROWS_WITH(pipeline("[color_jitter: {hue: 0.6}]"), Contains("hue"));
  CHECK_THROWS_WITH(pipeline("[color_jitter: {brightness: [1.2, 0.8]}]"),
                    Contains("brightness is [1.2, 0.8]") && Contains("the smaller first"));
  CHECK_THROWS_WITH(pipeline("[color_jitter: {contrast: [0.1, 0.2, 0.3]}]"),
                    Contains("contrast is [0.1, 0.2, 0.3]"));
  CHECK_THROWS_WITH(pipeline("[gaussian_blur: {kernel_size: 4}]"), Contains("an odd number"));
  CHECK_THROWS_WITH(pipeline("[gaussian_blur: {sigma: 0}]"), Contains("sigma"));
  CHECK_THROWS_WITH(pipeline("[rand_augment: {magnitude: 31}]"), Contains("expected 0 to 30"));
  CHECK_THROWS_WITH(pipeline("[random_affine: {translate: [0.1]}]"),
                    Contains("translate is [0.1]"));
  CHECK_THROWS_WITH(pipeline("[random_affine: {scale: [2, 1]}]"), Contains("scale is [2, 1]"));
  CHECK_THROWS_WITH(pipeline("[random_erasing: {scale: [0.5]}]"), Contains("scale has 1 numbers"));
  CHECK_THROWS_WITH(pipeline("[auto_augment: {policy: mnist}]"), Contains("imagenet"));
  CHECK_THROWS_WITH(pipeline("[random_posterize: {bits: 9}]"), Contains("bits"));
}

}  // namespace
}  // namespace stoker::augment

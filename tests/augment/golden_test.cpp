// Against torchvision: tests/golden/augment_pipeline.py writes what this reads.
#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "steps.h"
#include "stoker/kernels/augment.h"
#include "stoker/kernels/augment_body.h"
#include "support/catch.h"
#include "support/formula.h"

namespace stoker::augment {
namespace {

using namespace test;
using kernels::Geometry;
using nlohmann::json;

json golden(const char* key) {
  return json::parse(std::ifstream("tests/golden/augment_pipeline.json")).at(key);
}

TEST_CASE("resize gives torchvision's sizes") {
  for (const json& row : golden("resize")) {
    INFO(row.dump());
    const Size size =
        pipeline({resize({row["size"]})}).output_size(row["image"][0], row["image"][1]);
    CHECK(size == Size{row["result"][0], row["result"][1]});
  }
}

// What each output column or row shows, counted from 1, with 0 for black.
std::vector<int> shown(int32_t size, int32_t offset, int32_t grid) {
  std::vector<int> list;
  for (int32_t i = 0; i < size; ++i)
    list.push_back(kernels::grid_index(i, size, offset, false, grid, kernels::Border::kZero) + 1);
  return list;
}

TEST_CASE("center_crop takes torchvision's pixels") {
  for (const json& row : golden("center_crop")) {
    INFO(row.dump());
    const auto size = row["size"].get<std::vector<int64_t>>();
    const Geometry g = pipeline({center_crop(size)}).draw({}, row["image"][0], row["image"][1]);
    CHECK(g.border == kernels::Border::kZero);
    CHECK(shown(static_cast<int32_t>(size[1]), g.offset_x, g.grid_w) ==
          row["columns"].get<std::vector<int>>());
    CHECK(shown(static_cast<int32_t>(size[0]), g.offset_y, g.grid_h) ==
          row["rows"].get<std::vector<int>>());
  }
}

TEST_CASE("random_resized_crop falls back to torchvision's centred box") {
  for (const json& row : golden("fallback")) {
    INFO(row.dump());
    const Geometry g =
        pipeline({random_resized_crop({8}, {0.9, 1.0})}).draw({}, row["image"][0], row["image"][1]);
    CHECK(std::vector<float>{g.box_x, g.box_y, g.box_w, g.box_h} ==
          row["box"].get<std::vector<float>>());
  }
}

TEST_CASE("random_resized_crop draws from torchvision's distribution") {
  for (const json& row : golden("statistics")) {
    const int width = row["image"][0], height = row["image"][1];
    const Pipeline p = pipeline({random_resized_crop({8})});
    constexpr int kDraws = 20'000;
    std::array<double, 4> mean{}, square{};
    for (uint64_t sample = 0; sample < kDraws; ++sample) {
      const Geometry g = p.draw({9, 4, sample}, width, height);
      const double values[] = {g.box_w * g.box_h / (double{1} * width * height),
                               std::log(g.box_w / g.box_h), (g.box_x + g.box_w / 2) / width,
                               (g.box_y + g.box_h / 2) / height};
      for (size_t i = 0; i < 4; ++i) {
        mean[i] += values[i] / kDraws;
        square[i] += values[i] * values[i] / kDraws;
      }
    }
    for (size_t i = 0; i < 4; ++i) {
      INFO("statistic " << i << " of " << row["image"].dump());
      const double std = row["std"][i];
      // Two means of 20,000 draws each: five sigma of their difference.
      CHECK(std::fabs(mean[i] - row["mean"][i].get<double>()) < 5 * std * std::sqrt(2.0 / kDraws));
      CHECK(std::sqrt(square[i] - mean[i] * mean[i]) == Approx(std).epsilon(0.03));
    }
  }
}

TEST_CASE("an evaluation list gives torchvision's pixels") {
  const json expected = golden("evaluation");
  const int channels = expected["image"][0], height = expected["image"][1],
            width = expected["image"][2];
  const std::vector<uint8_t> pixels = formula(channels, height, width);
  const Pipeline p = pipeline(
      {resize({24}), center_crop({17, 20}), flip(HorizontalFlip::kRandom, VerticalFlip::kNone, 1.0),
       center_crop({15, 13}), normalize({0.5, 0.4, 0.3}, {0.2, 0.25, 0.3})});
  std::vector<float> out(15 * 13 * 3);
  kernels::augment({pixels.data(), width, height, channels, int64_t{width} * channels},
                   p.draw({}, width, height), p.normalization(),
                   {out.data(), kernels::PixelType::kFloat32, 13, 15, 3}, 0);
  REQUIRE(expected["result"].size() == out.size());
  // Stored with five digits; sums of float products below 5 in another order.
  for (size_t i = 0; i < out.size(); ++i)
    REQUIRE(std::fabs(out[i] - expected["result"][i].get<float>()) < 2e-5);
}

}  // namespace
}  // namespace stoker::augment

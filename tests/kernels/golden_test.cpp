// Against torchvision: tests/golden/kernels_augment.py writes what this reads.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "stoker/kernels/augment.h"
#include "stoker/kernels/augment_body.h"
#include "support/catch.h"
#include "support/formula.h"

namespace stoker::kernels {
namespace {

using nlohmann::json;
using test::formula;

Geometry geometry_of(const json& from) {
  const auto box = from.at("box");
  const auto grid = from.at("grid");
  const auto offset = from.value("offset", json{0, 0});
  const auto flip = from.value("flip", json{false, false});
  return {box[0],
          box[1],
          box[2],
          box[3],
          grid[0],
          grid[1],
          offset[0],
          offset[1],
          flip[0],
          flip[1],
          static_cast<Border>(from.value("border", 0))};
}

Normalization normalization_of(const json& from) {
  Normalization n{{1, 1, 1}, {0, 0, 0}};
  if (!from.contains("std")) return n;
  for (int c = 0; c < 3; ++c) {
    const double mean = from["mean"][c], std = from["std"][c];
    n.scale[c] = static_cast<float>(1 / (255 * std));
    n.bias[c] = static_cast<float>(-mean / std);
  }
  return n;
}

float half_value(uint16_t bits) {
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const double size =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return static_cast<float>(bits & 0x8000 ? -size : size);
}

std::vector<double> run(const json& test) {
  const int channels = test["image"][0], height = test["image"][1], width = test["image"][2];
  const std::vector<uint8_t> pixels = formula(channels, height, width);
  const ImageView image{pixels.data(), width, height, channels, int64_t{width} * channels};
  const auto type = static_cast<PixelType>(test["geometry"].value("type", 0));
  OutputView output{nullptr, type, test["width"], test["height"], channels};
  const size_t count = static_cast<size_t>(output.width * output.height * channels);
  std::vector<float> floats(count);
  std::vector<uint16_t> halves(count);
  output.pixels = type == PixelType::kFloat32 ? static_cast<void*>(floats.data()) : halves.data();
  augment(image, geometry_of(test["geometry"]), normalization_of(test["geometry"]), output, 0);
  for (size_t i = 0; i < count && type != PixelType::kFloat32; ++i)
    floats[i] = type == PixelType::kBFloat16 ? bits_float(uint32_t{halves[i]} << 16)
                                             : half_value(halves[i]);
  return {floats.begin(), floats.end()};
}

TEST_CASE("results are torchvision's") {
  const json goldens = json::parse(std::ifstream("tests/golden/kernels_augment.json"));
  REQUIRE(goldens["cases"].size() >= 25);
  for (const json& test : goldens["cases"]) {
    INFO(test["name"].get<std::string>());
    const std::vector<double> got = run(test);
    const auto first = test["first"].get<std::vector<double>>();
    // Both sides sum float products below 255 in their own order: a few units of 2^-16 each. After
    // rounding to 16 bits a last bit of a value below 4 may differ, 2^-6 of bfloat16.
    const int type = test["geometry"].value("type", 0);
    const double tolerance = type == 1 ? 0x1p-6 : type == 2 ? 0x1p-9 : 1e-4;
    for (size_t i = 0; i < first.size(); ++i) REQUIRE(std::fabs(got[i] - first[i]) <= tolerance);
    double sum = 0, weighted = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      sum += got[i];
      weighted += got[i] * static_cast<double>(i % 17 + 1);
    }
    // Errors of single values average out: rounding is unbiased.
    const double n = static_cast<double>(got.size());
    CHECK(std::fabs(sum - test["sum"].get<double>()) <= tolerance * n / 4);
    CHECK(std::fabs(weighted - test["weighted"].get<double>()) <= 9 * tolerance * n / 4);
  }
}

}  // namespace
}  // namespace stoker::kernels

// Against torchvision: tests/golden/augment_warps.py writes what this reads.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stoker/augment/auto_augment_policies.h"
#include "stoker/augment/policy.h"
#include "stoker/augment/warp.h"
#include "stoker/kernels/run_program.h"
#include "support/catch.h"

namespace stoker::augment {
namespace {

using nlohmann::json;

const json& goldens() {
  static const json all = json::parse(std::ifstream("tests/golden/augment_warps.json"));
  return all;
}

Size size_of_image() { return {goldens()["shape"][2], goldens()["shape"][1]}; }

// How many pixels of the program's result differ from the golden by more than `tolerance`.
int differing(const kernels::Program& program, const std::string& hexadecimal, int tolerance) {
  const Size size = size_of_image();
  std::vector<uint8_t> in;
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x)
      for (int c = 0; c < 3; ++c)
        in.push_back(static_cast<uint8_t>((x * 9 + y * 5 + x * y / 3 + c * 70) % 256));
  std::vector<uint8_t> out(in.size());
  kernels::augment({in.data(), size.width, size.height, 3, size.width * 3},
                   canvas_of(size.width, size.height).geometry, program, {{1, 1, 1}, {0, 0, 0}},
                   {out.data(), kernels::PixelType::kUInt8, size.width, size.height, 3}, 0);
  REQUIRE(hexadecimal.size() == 2 * out.size());
  int count = 0;
  for (size_t i = 0; i < out.size(); i += 3) {
    bool same = true;
    for (size_t k = i; k < i + 3; ++k)
      same = same &&
             std::abs(out[k] - std::stoi(hexadecimal.substr(2 * k, 2), nullptr, 16)) <= tolerance;
    count += !same;
  }
  return count;
}

int differing(const kernels::Op& op, const json& test) {
  kernels::Program program;
  program.add(op);
  // Places come out 1e-6 apart: a value near a tie may round the other way.
  return differing(program, test["out"], test["interpolation"] == "bilinear" ? 1 : 0);
}

WarpLook look_of(const json& test) {
  return {test["interpolation"] == "bilinear" ? Interpolation::kBilinear : Interpolation::kNearest,
          0};
}

// Of 270 pixels, those that lie between two of the source, 1e-6 decides which.
constexpr int kTies = 2;

TEST_CASE("affine maps are torchvision's") {
  for (const json& test : goldens()["affine"]) {
    INFO(test["angle"] << test["move"] << test["scale"] << test["shear"] << test["interpolation"]);
    const Affine affine{test["angle"],
                        {test["move"][0], test["move"][1]},
                        test["scale"],
                        {test["shear"][0], test["shear"][1]},
                        {}};
    CHECK(differing(affine_op(affine, size_of_image(), look_of(test)), test) <= kTies);
  }
}

TEST_CASE("perspectives are torchvision's") {
  const Size size = size_of_image();
  const double right = size.width - 1, bottom = size.height - 1;
  for (const json& test : goldens()["perspective"]) {
    INFO(test["to"] << test["interpolation"]);
    Corners to;
    for (size_t i = 0; i < 4; ++i) to[i] = {test["to"][i][0], test["to"][i][1]};
    const Corners from{{{0, 0}, {right, 0}, {right, bottom}, {0, bottom}}};
    CHECK(differing(perspective_op(from, to, look_of(test)), test) <= kTies);
  }
}

constexpr std::string_view kOps[] = {"Identity",     "ShearX",    "ShearY",     "TranslateX",
                                     "TranslateY",   "Rotate",    "Brightness", "Color",
                                     "Contrast",     "Sharpness", "Posterize",  "Solarize",
                                     "AutoContrast", "Equalize",  "Invert"};

PolicyOp op_of(const std::string& name) {
  const auto* found = std::find(std::begin(kOps), std::end(kOps), name);
  REQUIRE(found != std::end(kOps));
  return static_cast<PolicyOp>(found - std::begin(kOps));
}

TEST_CASE("policies' operations and magnitudes are torchvision's") {
  REQUIRE(goldens()["policy"].size() > 100);
  for (const json& test : goldens()["policy"]) {
    INFO(test["space"] << test["op"] << " " << test["index"] << " of " << test["bins"]);
    const PolicyOp op = op_of(test["op"]);
    const auto space = test["space"] == "wide" ? PolicySpace::kWide : PolicySpace::kStandard;
    const Magnitude magnitude =
        magnitude_of(space, op, test["index"], test["bins"], size_of_image());
    CHECK(magnitude.value == test["magnitude"].get<float>());
    CHECK(magnitude.is_signed == test["signed"].get<bool>());
    if (!test.contains("out")) continue;
    kernels::Program program;
    append(op, test["sign"].get<int>() * magnitude.value, size_of_image(), {}, program);
    const bool blends = op == PolicyOp::kColor || op == PolicyOp::kContrast;
    CHECK(differing(program, test["out"], blends ? 1 : 0) <= kTies);
  }
}

TEST_CASE("AutoAugment's tables are the published ones") {
  for (AutoAugmentPolicy policy :
       {AutoAugmentPolicy::kImageNet, AutoAugmentPolicy::kCifar10, AutoAugmentPolicy::kSvhn}) {
    const std::string name(enum_names(policy)[static_cast<size_t>(policy)]);
    const json& table = goldens()["tables"][name];
    const auto pairs = pairs_of(policy);
    REQUIRE(table.size() == pairs.size());
    for (size_t i = 0; i < pairs.size(); ++i)
      for (size_t k = 0; k < 2; ++k) {
        INFO(name << " pair " << i);
        CHECK(pairs[i][k].op == op_of(table[i][k][0]));
        CHECK(pairs[i][k].probability == table[i][k][1].get<float>());
        if (!table[i][k][2].is_null()) CHECK(pairs[i][k].magnitude == table[i][k][2].get<int>());
      }
  }
}

}  // namespace
}  // namespace stoker::augment

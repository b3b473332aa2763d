// Against torchvision: tests/golden/kernels_program.py writes what this reads.
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "programs.h"
#include "support/catch.h"

namespace stoker::kernels {
namespace {

using nlohmann::json;

// image() of the generator, HWC.
std::vector<uint8_t> image(const std::string& kind, int channels, int height, int width) {
  std::vector<uint8_t> pixels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c) {
        const int noisy = x * x * 7 + y * y * 13 + x * y * 5 + c * 61 + x * 3 * c + y * 29;
        const int soft = 70 + 4 * x + 3 * y + (20 - x) * c;
        const int value = kind == "noisy" ? noisy % 256 : kind == "soft" ? soft : 90 + 40 * c;
        pixels.push_back(static_cast<uint8_t>(value));
      }
  return pixels;
}

struct Difference {
  int largest = 0;
  int values = 0;  // that differ
};

Difference compare(const std::vector<uint8_t>& got, const std::string& hexadecimal) {
  REQUIRE(got.size() * 2 == hexadecimal.size());
  Difference difference;
  for (size_t i = 0; i < got.size(); ++i) {
    const int expected = std::stoi(hexadecimal.substr(2 * i, 2), nullptr, 16);
    const int distance = std::abs(expected - got[i]);
    difference.largest = std::max(difference.largest, distance);
    difference.values += distance > 0;
  }
  return difference;
}

TEST_CASE("operations give torchvision's pixels") {
  const json goldens = json::parse(std::ifstream("tests/golden/kernels_program.json"));
  REQUIRE(goldens["cases"].size() >= 80);
  for (const json& test : goldens["cases"]) {
    INFO(test["op"] << " " << test["p"].dump() << " of " << test["image"] << test["shape"].dump());
    const int channels = test["shape"][0], height = test["shape"][1], width = test["shape"][2];
    const std::vector<uint8_t> in = image(test["image"], channels, height, width);
    Program program;
    Op op{static_cast<OpKind>(test["kind"].get<int>())};
    for (size_t i = 0; i < test["p"].size(); ++i) op.p[i] = test["p"][i];
    program.add(op);
    const auto got =
        test::run_on_bytes({in.data(), width, height, channels, width * channels}, program);
    const Difference difference = compare(got, test["out"]);
    // Exact, except that torch rounds 1 - ratio to float from double, and here it comes from the
    // float ratio: a blend next to a whole number may be cut off on its other side.
    const bool blends = test["op"] == "saturation";
    CHECK(difference.largest <= (blends ? 1 : 0));
    CHECK(difference.values <= (blends ? static_cast<int>(got.size() / 100) : 0));
  }
}

}  // namespace
}  // namespace stoker::kernels

#include "stoker/core/random.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "stoker/core/file.h"
#include "support/catch.h"

using namespace stoker;

namespace {

std::array<uint32_t, 4> words(Philox4x32 block) {
  return {block.word[0], block.word[1], block.word[2], block.word[3]};
}

}  // namespace

TEST_CASE("philox gives the known answers of Random123") {
  using Words = std::array<uint32_t, 4>;
  CHECK(words(philox({{0, 0, 0, 0}}, 0, 0)) ==
        Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(words(philox({{~0u, ~0u, ~0u, ~0u}}, ~0u, ~0u)) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(words(philox({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0)) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("streams are those of an independent implementation") {
  const auto golden = nlohmann::json::parse(read_file("tests/golden/core_random.json"));
  REQUIRE(golden["streams"].size() > 2);
  for (const auto& row : golden["streams"]) {
    RandomStream random({.seed = row["seed"], .epoch = row["epoch"], .sample = row["sample"]},
                        static_cast<Purpose>(row["purpose"].get<uint32_t>()));
    for (const auto& bits : row["bits"]) CHECK(random.bits() == bits.get<uint32_t>());
  }
}

TEST_CASE("streams differ in every part of their name") {
  const auto first = [](StreamKey key, Purpose purpose) {
    return RandomStream(key, purpose).bits();
  };
  const uint32_t base = first({.seed = 1, .epoch = 2, .sample = 3}, Purpose::kAugment);
  CHECK(base == first({.seed = 1, .epoch = 2, .sample = 3}, Purpose::kAugment));
  CHECK(base != first({.seed = 2, .epoch = 2, .sample = 3}, Purpose::kAugment));
  CHECK(base != first({.seed = 1 + (1ull << 32), .epoch = 2, .sample = 3}, Purpose::kAugment));
  CHECK(base != first({.seed = 1, .epoch = 3, .sample = 3}, Purpose::kAugment));
  CHECK(base != first({.seed = 1, .epoch = 2, .sample = 4}, Purpose::kAugment));
  CHECK(base != first({.seed = 1, .epoch = 2, .sample = 3 + (1ull << 47)}, Purpose::kAugment));
  CHECK(base != first({.seed = 1, .epoch = 2, .sample = 3, .repetition = 1}, Purpose::kAugment));
  CHECK(base != first({.seed = 1, .epoch = 2, .sample = 3, .repetition = 255}, Purpose::kAugment));
  CHECK(base != first({.seed = 1, .epoch = 2, .sample = 3}, Purpose::kOrder));
}

// Bounds are six standard deviations of the mean: the draws are fixed, so this never flickers.
TEST_CASE("draws have the moments of their distributions") {
  constexpr int kDraws = 200'000;
  RandomStream random({.seed = 11}, Purpose::kPick);
  double sum = 0, least = 1, most = 0, normal_sum = 0, normal_squares = 0;
  int heads = 0;
  std::array<int, 7> counts{};
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.uniform();
    sum += u;
    least = std::min(least, u);
    most = std::max(most, u);
    const double z = random.normal();
    normal_sum += z;
    normal_squares += z * z;
    heads += random.coin(0.25f) ? 1 : 0;
    ++counts.at(random.below(7));
  }
  const double root = std::sqrt(double{kDraws});
  CHECK(least >= 0.0);
  CHECK(most < 1.0);
  CHECK(std::abs(sum / kDraws - 0.5) < 6 * 0.2887 / root);
  CHECK(std::abs(normal_sum / kDraws) < 6 / root);
  CHECK(std::abs(normal_squares / kDraws - 1) < 6 * std::sqrt(2.0) / root);
  CHECK(std::abs(heads - 0.25 * kDraws) < 6 * std::sqrt(0.25 * 0.75) * root);
  for (const int count : counts) {
    CHECK(std::abs(count - kDraws / 7.0) < 6 * std::sqrt(6.0 / 49) * root);
  }
}

TEST_CASE("the ends of the ranges hold") {
  RandomStream random({.seed = 5}, Purpose::kMix);
  for (int i = 0; i < 1000; ++i) {
    CHECK(random.below(1) == 0);
    CHECK_FALSE(random.coin(0.0f));
    CHECK(random.coin(1.0f));
    const float value = random.uniform(-3.0f, -2.0f);
    CHECK(value >= -3.0f);
    CHECK(value <= -2.0f);
    CHECK(std::isfinite(random.normal()));
  }
}

// The parts of the baseline JPEG decoder: every processor level gives the same bits, also for
// coefficients that no encoder writes.
#include "stoker/decode/baseline.h"

#include <cmath>
#include <cstring>
#include <numbers>

#include "stoker/core/random.h"
#include "stoker/decode/idct.h"
#include "stoker/decode/pixel_rows.h"
#include "support/catch.h"

namespace stoker::decode {
namespace {

using kernels::CpuLevel;

std::vector<CpuLevel> levels_above_baseline() {
  std::vector<CpuLevel> list;
  if (kernels::cpu_level() >= CpuLevel::kV3) list.push_back(CpuLevel::kV3);
  if (kernels::cpu_level() >= CpuLevel::kV4) list.push_back(CpuLevel::kV4);
  return list;
}

std::vector<uint8_t> random_bytes(RandomStream& random, size_t count) {
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = uint8_t(random.below(256));
  return bytes;
}

struct Block {
  alignas(64) int16_t values[64] = {};
};

// Few coefficients, all of them, or as large as 16 bits hold.
Block random_block(RandomStream& random, int round) {
  Block block;
  const int count = round % 3 == 0 ? 64 : 1 + int(random.below(12));
  const int32_t limit = round % 5 == 0 ? 32767 : 300;
  for (int i = 0; i < count; ++i)
    block.values[random.below(64)] = int16_t(int32_t(random.below(uint32_t(2 * limit))) - limit);
  return block;
}

TEST_CASE("the inverse transforms have the same bits at every level", "[decode][baseline]") {
  RandomStream random({.seed = 3}, Purpose::kSynthesize);
  for (const int side : {8, 4, 2})
    for (int round = 0; round < 3000; ++round) {
      INFO(side << " round " << round);
      const Block block = random_block(random, round);
      uint8_t expected[8 * 11] = {}, got[8 * 11] = {};
      inverse_transform(CpuLevel::kBaseline, side)(block.values, expected, 11);
      for (CpuLevel level : levels_above_baseline()) {
        inverse_transform(level, side)(block.values, got, 11);
        REQUIRE(std::memcmp(got, expected, sizeof got) == 0);
      }
      for (int at = 0; at < 8 * 11; ++at)  // nothing beside the block is written
        if (at / 11 >= side || at % 11 >= side) REQUIRE(expected[at] == 0);
    }
}

// T.81, A.3.3 in float64, before 128 is added.
double exact_sample(const double (&coefficients)[8][8], int x, int y) {
  double sum = 0;
  for (int v = 0; v < 8; ++v)
    for (int u = 0; u < 8; ++u)
      sum += (u ? 1 : std::numbers::sqrt2 / 2) * (v ? 1 : std::numbers::sqrt2 / 2) *
             coefficients[v][u] * std::cos((2 * x + 1) * u * std::numbers::pi / 16) *
             std::cos((2 * y + 1) * v * std::numbers::pi / 16);
  return sum / 4;
}

TEST_CASE("inverse transforms are T.81's, or its means of squares", "[decode][baseline]") {
  RandomStream random({.seed = 4}, Purpose::kSynthesize);
  const int side = GENERATE(8, 4, 2), square = 8 / side;
  double worst = 0;
  for (int round = 0; round < 300; ++round) {
    Block block;
    double coefficients[8][8] = {};  // [v][u]
    for (int i = 0; i < 12; ++i) {
      const int u = int(random.below(8)), v = int(random.below(8));
      coefficients[v][u] = double(int(random.below(200)) - 100);
      block.values[coefficient_place(u, v)] = int16_t(coefficients[v][u]);
    }
    uint8_t pixels[64];
    inverse_transform(kernels::cpu_level(), side)(block.values, pixels, side);
    double means[8][8] = {};
    for (int y = 0; y < 8; ++y)
      for (int x = 0; x < 8; ++x)
        means[y / square][x / square] += exact_sample(coefficients, x, y) / (square * square);
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x)
        worst = std::max(
            worst, std::abs(pixels[side * y + x] - std::clamp(means[y][x] + 128, 0.0, 255.0)));
  }
  CHECK(worst < 0.6);  // half a step of rounding and what 13 bits of the constants leave
}

TEST_CASE("a block of its first coefficient alone is flat", "[decode][baseline]") {
  const int side = GENERATE(8, 4, 2);
  for (int dc = -3000; dc <= 3000; dc += 7) {
    Block block;
    block.values[0] = int16_t(dc);
    uint8_t by_transform[64] = {}, flat[64] = {}, one = 0;
    inverse_transform(CpuLevel::kBaseline, side)(block.values, by_transform, 8);
    fill_flat(int16_t(dc), flat, 8, side);
    REQUIRE(std::memcmp(by_transform, flat, 64) == 0);
    fill_flat(int16_t(dc), &one, 1, 1);
    REQUIRE(one == flat[0]);
  }
}

TEST_CASE("rows of pixels have the same bits at every level", "[decode][baseline]") {
  RandomStream random({.seed = 5}, Purpose::kSynthesize);
  const RowMakers& baseline = row_makers(CpuLevel::kBaseline);
  for (int round = 0; round < 400; ++round) {
    const auto n = int32_t(1 + random.below(130));
    const auto a = random_bytes(random, size_t(n + 2)), b = random_bytes(random, size_t(n + 2)),
               c = random_bytes(random, size_t(n + 2));
    const auto bytes_of = [&](const RowMakers& make, int which) {
      std::vector<uint8_t> out(size_t(3 * n));
      const uint8_t *x = a.data() + 1, *y = b.data() + 1, *z = c.data() + 1;
      if (which == 0) make.blend_rows(x, y, 1 + round % 2, n, out.data());
      if (which == 1) make.widen(x, n, out.data());
      if (which == 2) make.blend_and_widen(x, y, n, out.data());
      if (which == 3) make.to_rgb(x, y, z, n, out.data());
      if (which == 4) make.interleave(x, y, z, n, out.data());
      return out;
    };
    for (CpuLevel level : levels_above_baseline())
      for (int which = 0; which < 5; ++which) {
        INFO(which);
        REQUIRE(bytes_of(row_makers(level), which) == bytes_of(baseline, which));
      }
  }
}

TEST_CASE("every colour converts alike at every level", "[decode][baseline]") {
  std::vector<uint8_t> cb, cr;
  for (int blue = 0; blue < 256; ++blue)
    for (int red = 0; red < 256; ++red) cb.push_back(uint8_t(blue)), cr.push_back(uint8_t(red));
  const auto n = int32_t(cb.size());
  for (int y = 0; y < 256; y += 51) {
    const std::vector<uint8_t> luma(cb.size(), uint8_t(y));
    std::vector<uint8_t> expected(3 * cb.size()), got(3 * cb.size());
    row_makers(CpuLevel::kBaseline).to_rgb(luma.data(), cb.data(), cr.data(), n, expected.data());
    for (CpuLevel level : levels_above_baseline()) {
      row_makers(level).to_rgb(luma.data(), cb.data(), cr.data(), n, got.data());
      REQUIRE(got == expected);
    }
  }
}

TEST_CASE("codes too many for their length are refused, others found", "[decode][baseline]") {
  HuffmanTables tables;
  HuffmanCode code;
  code.counts[1] = 3;
  CHECK(tables.get(code, false) == nullptr);
  CHECK(tables.get(code, false) == nullptr);
  HuffmanCode fine;
  fine.counts[2] = 1;
  fine.counts[12] = 1;
  fine.symbols = {0x21, 0x00};
  const HuffmanTable* table = tables.get(fine, false);
  REQUIRE(table != nullptr);
  CHECK(table->steps[0].length == 3);  // 00, then a value of one bit: -1
  CHECK(table->steps[0].value == -1);
  CHECK(table->steps[0].run == 2);
  CHECK(table->prefixes[0x3FF].length == 0);
  CHECK(table->find(0x4000).length == 12);
  CHECK(table->find(0xFFFF).length == 0);
  fine.symbols[0] = 16;  // no difference has 16 bits
  CHECK(tables.get(fine, true) == nullptr);
  CHECK(tables.get({}, true) != nullptr);
}

}  // namespace
}  // namespace stoker::decode

#include "stoker/kernels/pixel_type.h"

#include <cmath>
#include <limits>

#include "support/catch.h"

namespace stoker::kernels {
namespace {

double half_value(uint16_t bits) {
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const double size =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -size : size;
}

double bfloat_value(uint16_t bits) { return bits_float(uint32_t{bits} << 16); }

TEST_CASE("16-bit types round to nearest, ties to even") {
  CHECK(to_bfloat16(1.0f) == 0x3F80);
  CHECK(to_bfloat16(bits_float(0x3F808000)) == 0x3F80);  // halfway: to even, down
  CHECK(to_bfloat16(bits_float(0x3F818000)) == 0x3F82);  // halfway: to even, up
  CHECK(to_bfloat16(bits_float(0x3F808001)) == 0x3F81);
  CHECK(to_bfloat16(-0.0f) == 0x8000);
  CHECK(to_bfloat16(std::numeric_limits<float>::max()) == 0x7F80);
  CHECK(to_bfloat16(std::numeric_limits<float>::infinity()) == 0x7F80);
  CHECK(std::isnan(bfloat_value(to_bfloat16(bits_float(0x7F800001)))));
  CHECK(to_float16(1.0f) == 0x3C00);
  CHECK(to_float16(65504.0f) == 0x7BFF);
  CHECK(to_float16(65519.99f) == 0x7BFF);
  CHECK(to_float16(65520.0f) == 0x7C00);
  CHECK(to_float16(1e9f) == 0x7C00);
  CHECK(to_float16(-std::numeric_limits<float>::infinity()) == 0xFC00);
  CHECK(to_float16(0x1p-24f) == 1);
  CHECK(to_float16(0x1p-25f) == 0);  // halfway to the smallest: to even
  CHECK(to_float16(bits_float(0x33000001)) == 1);
  CHECK(to_float16(-0.0f) == 0x8000);
  CHECK((to_float16(NAN) & 0x7FFF) > 0x7C00);
}

TEST_CASE("every 16-bit value comes back, and so do its neighbourhoods") {
  for (uint32_t bits = 0; bits < 0x7C00; ++bits) {  // finite halves
    const auto half = static_cast<uint16_t>(bits);
    const auto value = static_cast<float>(half_value(half));
    REQUIRE(to_float16(value) == half);
    REQUIRE(to_float16(-value) == (half | 0x8000));
    if (bits + 1 == 0x7C00) break;
    const double above = half_value(static_cast<uint16_t>(bits + 1));
    const auto middle = static_cast<float>((value + above) / 2);  // exact in float
    REQUIRE(to_float16(middle) == (bits & 1 ? bits + 1 : bits));
    REQUIRE(to_float16(std::nextafter(middle, 0.0f)) == bits);
    REQUIRE(to_float16(std::nextafter(middle, 1e9f)) == bits + 1);
  }
  for (uint32_t bits = 0; bits < 0x7F80; ++bits)  // finite bfloat16
    REQUIRE(to_bfloat16(bits_float(bits << 16)) == bits);
}

}  // namespace
}  // namespace stoker::kernels

// Conversion of float to the 16-bit types that networks read and to whole numbers, round to
// nearest, ties to even.
//
// Plain integer arithmetic without branches: compilers vectorise loops over it for any instruction
// set, and host and device give the same bits. C++17; .cu files include it.
//
//   uint16_t bits = to_bfloat16(0.1f);  // 0x3DCD
#pragma once

#include <cstdint>
#include <cstring>

#include "stoker/core/host_device.h"

namespace stoker::kernels {

STOKER_HOST_DEVICE inline uint32_t float_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

STOKER_HOST_DEVICE inline float bits_float(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// For values within 2^22 of zero: adding 1.5 * 2^23 leaves no bit for a fraction.
STOKER_HOST_DEVICE inline float rounded(float value) {
  constexpr float kNoFraction = 12582912.0f;
  return (value + kNoFraction) - kNoFraction;
}

// Of values that round to [0, 255].
STOKER_HOST_DEVICE inline uint8_t to_uint8(float value) {
  return static_cast<uint8_t>(static_cast<int32_t>(rounded(value)));
}

// bfloat16 is the upper half of a float. A NaN stays one: its quiet bit is set.
STOKER_HOST_DEVICE inline uint16_t to_bfloat16(float value) {
  const uint32_t bits = float_bits(value);
  const uint32_t rounded = bits + 0x7FFFu + ((bits >> 16) & 1u);
  const bool is_nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
  return static_cast<uint16_t>((is_nan ? bits | 0x400000u : rounded) >> 16);
}

// IEEE binary16: 5 bits of exponent, 10 of fraction. 65520 and above become infinity. Signed
// throughout, because vector units before AVX-512 compare no other integers.
STOKER_HOST_DEVICE inline uint16_t to_float16(float value) {
  constexpr int32_t kInfinity = 255 << 23;
  constexpr int32_t kOverflow = 143 << 23;  // 2^16
  constexpr int32_t kSmallest = 113 << 23;  // 2^-14, the smallest normal half
  constexpr int32_t kAligner = 126 << 23;   // 0.5, whose last bit weighs 2^-24 like a half's
  const auto bits = static_cast<int32_t>(float_bits(value));
  const int32_t magnitude = bits & 0x7FFFFFFF;
  // A carry out of the fraction moves into the exponent, as it should.
  const int32_t normal = (magnitude - (112 << 23) + 0xFFF + ((magnitude >> 13) & 1)) >> 13;
  // The sum lets the float unit do the rounding of a subnormal.
  const float aligned = bits_float(static_cast<uint32_t>(magnitude)) + 0.5f;
  const int32_t subnormal = static_cast<int32_t>(float_bits(aligned)) - kAligner;
  const int32_t special = magnitude > kInfinity ? 0x7E00 : 0x7C00;
  const int32_t finite = magnitude < kSmallest ? subnormal : normal;
  const int32_t half = magnitude >= kOverflow ? special : finite;
  return static_cast<uint16_t>(half | ((bits >> 16) & 0x8000));
}

}  // namespace stoker::kernels

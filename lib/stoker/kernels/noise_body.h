// Random numbers of single pixels, for host and device: a function of the sample's key, the op's
// place in its program and the pixel, so that they depend on no order of work.
//
// Arithmetic alone, without calls to the maths library: loops over it vectorise and every processor
// gives the same bits.
#pragma once

#include <cmath>
#include <cstdint>

#include "stoker/core/random.h"
#include "stoker/kernels/pixel_type.h"

namespace stoker::kernels {

STOKER_HOST_DEVICE inline Philox4x32 noise_words(StreamKey key, int32_t slot, int32_t pixel) {
  const auto high = static_cast<uint32_t>(key.sample >> 32) & 0xFFFFu;
  return philox({{static_cast<uint32_t>(pixel), key.epoch, static_cast<uint32_t>(key.sample),
                  high | (static_cast<uint32_t>(Purpose::kNoise) << 16) |
                      (static_cast<uint32_t>(slot) << 24)}},
                static_cast<uint32_t>(key.seed), static_cast<uint32_t>(key.seed >> 32));
}

// In [0, 1), 24 bits.
STOKER_HOST_DEVICE inline float unit_of(uint32_t word) {
  return static_cast<float>(static_cast<int32_t>(word >> 8)) * 0x1p-24f;
}

// ln(value) for normal floats above 0, within 3e-7 of it: the exponent, and the series of the
// inverse hyperbolic tangent over [1/sqrt(2), sqrt(2)).
STOKER_HOST_DEVICE inline float natural_log(float value) {
  const auto bits = static_cast<int32_t>(float_bits(value));
  const int32_t exponent = (bits - 0x3F3504F3) >> 23;
  const float m = bits_float(static_cast<uint32_t>(bits - exponent * (1 << 23)));
  const float z = (m - 1.0f) / (m + 1.0f);
  const float z2 = z * z;
  const float series =
      2.0f * z * (1.0f + z2 * (1.0f / 3 + z2 * (1.0f / 5 + z2 * (1.0f / 7 + z2 * (1.0f / 9)))));
  return static_cast<float>(exponent) * 0.69314718f + series;
}

// sin(pi x) for x in [-0.5, 0.5], within 1e-6: Taylor's series.
STOKER_HOST_DEVICE inline float sine_of_half_turns(float x) {
  const float t = x * 3.14159265f;
  const float t2 = t * t;
  return t *
         (1.0f + t2 * (-1.0f / 6 + t2 * (1.0f / 120 + t2 * (-1.0f / 5040 + t2 * (1.0f / 362880)))));
}

// Independent and standard normal, at most 5.9 from zero.
struct Normals {
  float value[3];
};

// Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958.
STOKER_HOST_DEVICE inline Normals normals_of(const Philox4x32& words) {
  Normals normals;
  for (int pair = 0; pair < 2; ++pair) {
    const float u = 1.0f - unit_of(words.word[2 * pair]);  // in (0, 1]
    const float radius = std::sqrt(-2.0f * natural_log(u));
    const float turn = 2.0f * unit_of(words.word[2 * pair + 1]) - 1.0f;  // half turns in [-1, 1)
    // sin and cos by their mirror images within [-0.5, 0.5].
    const float near = turn > 0.5f ? 1.0f - turn : (turn < -0.5f ? -1.0f - turn : turn);
    const float magnitude = turn < 0.0f ? -turn : turn;
    normals.value[2 * pair] = radius * sine_of_half_turns(near);
    if (pair == 0) normals.value[1] = radius * sine_of_half_turns(0.5f - magnitude);
  }
  return normals;
}

}  // namespace stoker::kernels

// Activations and their derivatives as arithmetic without branches and library calls, which
// compilers turn into vector code.
#pragma once

#include "stoker/kernels/channels.h"
#include "stoker/kernels/pixel_type.h"

namespace stoker::kernels {

// Phi and phi, the distribution and density of the standard normal.
struct Normal {
  float below, density;
};

// Relative error below 1e-6 in either tail. exp(-x^2 / 2) is 2^n * 2^f with a polynomial for 2^f;
// the tail beyond |x| is that times a polynomial in t = 1 / (1 + 0.26 |x|), for the tail over
// exp(-x^2 / 2) falls smoothly from 1/2 like 1 / |x|. Both polynomials are our own fits: least
// squares at Chebyshev nodes, weighted until the largest relative error stopped falling
// (7e-8 for |f| <= 1/2, 3e-8 for |x| <= 14).
[[gnu::always_inline]] inline Normal normal(float x) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
  const float y = x * x * -0.72134752f;  // -x^2 / 2 as a power of 2
  const float held = y < -126.0f ? -126.0f : y;
  const float shifted = held + kRound;
  const float f = held - (shifted - kRound);
  const float power =
      1.00000012f +
      f * (0.693146944f +
           f * (0.240221202f + f * (0.0555071346f + f * (0.00967554096f + f * 0.00132764678f))));
  // The low bits of `shifted` are n; as an exponent they make 2^n.
  const float two_to_n = bits_float((float_bits(shifted) + 127u) << 23);
  const float bell = y < -126.0f ? 0.0f : power * two_to_n;
  const float magnitude = bits_float(float_bits(x) & 0x7FFFFFFFu);
  const float t = 1.0f / (1.0f + 0.26f * magnitude);
  const float ratio =
      t *
      (0.103759058f +
       t * (0.103016756f +
            t * (0.10303022f +
                 t * (0.0510278195f +
                      t * (0.160947487f +
                           t * (-0.150948361f +
                                t * (0.251490712f + t * (-0.1528285f + t * 0.0305048116f))))))));
  const float tail = bell * ratio;
  return {x < 0.0f ? tail : 1.0f - tail, bell * 0.39894228f};
}

template <Gate kGate>
[[gnu::always_inline]] inline float gated(float z) {
  if constexpr (kGate == Gate::kRelu) return z < 0.0f ? 0.0f : z;  // NaN stays
  if constexpr (kGate == Gate::kGelu) return z * normal(z).below;
  return z;
}

// dy * gate'(z)
template <Gate kGate>
[[gnu::always_inline]] inline float gated_gradient(float dy, float z) {
  if constexpr (kGate == Gate::kRelu) return z <= 0.0f ? 0.0f : dy;
  if constexpr (kGate == Gate::kGelu) {
    const Normal at_z = normal(z);
    return dy * (at_z.below + z * at_z.density);
  }
  return dy;
}

}  // namespace stoker::kernels

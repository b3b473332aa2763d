// What the inverse transforms share: constants in 13 bits as libjpeg has them, and products of
// pairs of coefficients.
#pragma once

#include <cstdint>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

namespace stoker::decode {

inline constexpr int kFractionBits = 13;
inline constexpr int kExtraBits = 2;  // kept between the passes

constexpr int32_t fixed(double value) {
  return static_cast<int32_t>(value * (1 << kFractionBits) + 0.5);
}

// Factors of the two rows of a pair; each in 16 bits.
struct Factors {
  int32_t first, second;
};

// Modulo 2^32, as vector instructions have it.
inline uint32_t product(const int32_t (&pair)[2], Factors f) {
  return static_cast<uint32_t>(pair[0]) * static_cast<uint32_t>(f.first) +
         static_cast<uint32_t>(pair[1]) * static_cast<uint32_t>(f.second);
}

#if defined(__x86_64__) && defined(__GNUC__)
#define STOKER_AVX2 __attribute__((target("avx2")))
#define STOKER_AVX2_INLINE STOKER_AVX2 __attribute__((always_inline)) inline

constexpr int32_t side_by_side(Factors f) {
  return static_cast<int32_t>(static_cast<uint32_t>(f.first & 0xFFFF) |
                              static_cast<uint32_t>(f.second) << 16);
}
STOKER_AVX2_INLINE __m256i product(__m256i pair, Factors f) {
  return _mm256_madd_epi16(pair, _mm256_set1_epi32(side_by_side(f)));
}

// Two rows of 32 bits, eight columns each, to 16 bits: the first row in the low half, columns in
// the order (0 4) (2 6) (1 7) (3 5).
STOKER_AVX2_INLINE __m256i pair_columns(__m256i first, __m256i second) {
  const __m256i order = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 1, 8, 9, 4, 5, 12, 13, 2, 3, 14, 15, 6, 7, 10, 11));
  const __m256i packed = _mm256_packs_epi32(first, second);
  return _mm256_shuffle_epi8(_mm256_permute4x64_epi64(packed, 0xD8), order);
}
#endif

}  // namespace stoker::decode

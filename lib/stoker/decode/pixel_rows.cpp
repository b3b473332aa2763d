#include "stoker/decode/pixel_rows.h"

#include <algorithm>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

#define STOKER_INLINE [[gnu::always_inline]] inline

namespace stoker::decode {
namespace {

STOKER_INLINE void blend_rows(const uint8_t* __restrict near, const uint8_t* __restrict far,
                              int32_t bias, int32_t n, uint8_t* __restrict out) {
  for (int32_t i = 0; i < n; ++i) out[i] = static_cast<uint8_t>((3 * near[i] + far[i] + bias) >> 2);
}

STOKER_INLINE void widen(const uint8_t* __restrict in, int32_t n, uint8_t* __restrict out) {
  for (int32_t i = 0; i < n; ++i) {
    out[2 * i] = static_cast<uint8_t>((3 * in[i] + in[i - 1] + 1) >> 2);
    out[2 * i + 1] = static_cast<uint8_t>((3 * in[i] + in[i + 1] + 2) >> 2);
  }
}

STOKER_INLINE void blend_and_widen(const uint8_t* __restrict near, const uint8_t* __restrict far,
                                   int32_t n, uint8_t* __restrict out) {
  const auto down = [near, far](int32_t i) { return 3 * near[i] + far[i]; };
  for (int32_t i = 0; i < n; ++i) {
    out[2 * i] = static_cast<uint8_t>((3 * down(i) + down(i - 1) + 8) >> 4);
    out[2 * i + 1] = static_cast<uint8_t>((3 * down(i) + down(i + 1) + 7) >> 4);
  }
}

constexpr int32_t fixed16(double value) { return static_cast<int32_t>(value * 65536 + 0.5); }

// YCbCr to RGB by ITU-R BT.601 with full range, as JFIF has it, in 16 bits of fraction.
constexpr int32_t kRedOfCr = fixed16(1.402), kBlueOfCb = fixed16(1.772);
constexpr int32_t kGreenOfCb = -fixed16(0.34414), kGreenOfCr = -fixed16(0.71414);
constexpr int32_t kHalf = 1 << 15;

STOKER_INLINE uint8_t clamped(int32_t value) {
  return static_cast<uint8_t>(std::clamp(value, 0, 255));
}

STOKER_INLINE void to_rgb(const uint8_t* __restrict y, const uint8_t* __restrict cb,
                          const uint8_t* __restrict cr, int32_t n, uint8_t* __restrict rgb) {
  for (int32_t i = 0; i < n; ++i) {
    const int32_t blue = cb[i] - 128, red = cr[i] - 128;
    rgb[3 * i] = clamped(y[i] + ((kRedOfCr * red + kHalf) >> 16));
    rgb[3 * i + 1] = clamped(y[i] + ((kGreenOfCb * blue + kGreenOfCr * red + kHalf) >> 16));
    rgb[3 * i + 2] = clamped(y[i] + ((kBlueOfCb * blue + kHalf) >> 16));
  }
}

STOKER_INLINE void interleave(const uint8_t* __restrict r, const uint8_t* __restrict g,
                              const uint8_t* __restrict b, int32_t n, uint8_t* __restrict rgb) {
  for (int32_t i = 0; i < n; ++i) {
    rgb[3 * i] = r[i];
    rgb[3 * i + 1] = g[i];
    rgb[3 * i + 2] = b[i];
  }
}

#define STOKER_LEVEL(Level, target)                                                             \
  struct Level {                                                                                \
    target static void blend(const uint8_t* near, const uint8_t* far, int32_t bias, int32_t n,  \
                             uint8_t* out) {                                                    \
      blend_rows(near, far, bias, n, out);                                                      \
    }                                                                                           \
    target static void wide(const uint8_t* in, int32_t n, uint8_t* out) { widen(in, n, out); }  \
    target static void both(const uint8_t* near, const uint8_t* far, int32_t n, uint8_t* out) { \
      blend_and_widen(near, far, n, out);                                                       \
    }                                                                                           \
    target static void rgb(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int32_t n,   \
                           uint8_t* out) {                                                      \
      to_rgb(y, cb, cr, n, out);                                                                \
    }                                                                                           \
    target static void mix(const uint8_t* r, const uint8_t* g, const uint8_t* b, int32_t n,     \
                           uint8_t* out) {                                                      \
      interleave(r, g, b, n, out);                                                              \
    }                                                                                           \
    static constexpr RowMakers kMakers{blend, wide, both, rgb, mix};                            \
  }

#if defined(__x86_64__) && defined(__GNUC__)
#define STOKER_AVX2 __attribute__((target("avx2")))
#define STOKER_AVX2_INLINE STOKER_AVX2 __attribute__((always_inline)) inline

constexpr int32_t kTile = 16;  // pixels at a time

// (factor * value + half) >> 16 for a factor of 16 bits.
STOKER_AVX2_INLINE __m256i scaled(__m256i value, int32_t factor) {
  const __m256i factors = _mm256_set1_epi16(static_cast<int16_t>(factor));
  const __m256i carry = _mm256_srli_epi16(_mm256_mullo_epi16(value, factors), 15);
  return _mm256_add_epi16(_mm256_mulhi_epi16(value, factors), carry);
}

STOKER_AVX2_INLINE __m256i green_part(__m256i blue, __m256i red) {
  constexpr auto kFactors = static_cast<int32_t>(static_cast<uint32_t>(kGreenOfCb & 0xFFFF) |
                                                 static_cast<uint32_t>(kGreenOfCr + 65536) << 16);
  const __m256i factors = _mm256_set1_epi32(kFactors), half = _mm256_set1_epi32(kHalf);
  const auto of = [&](__m256i pairs) STOKER_AVX2 {
    return _mm256_srai_epi32(_mm256_add_epi32(_mm256_madd_epi16(pairs, factors), half), 16);
  };
  const __m256i sum = _mm256_packs_epi32(of(_mm256_unpacklo_epi16(blue, red)),
                                         of(_mm256_unpackhi_epi16(blue, red)));
  return _mm256_sub_epi16(sum, red);  // 65536 more than kGreenOfCr
}

STOKER_AVX2_INLINE __m256i load(const uint8_t* from) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

STOKER_AVX2_INLINE __m128i bytes(__m256i shorts) {
  return _mm_packus_epi16(_mm256_castsi256_si128(shorts), _mm256_extracti128_si256(shorts, 1));
}

STOKER_AVX2_INLINE void store(__m128i r, __m128i g, __m128i b, uint8_t* out) {
  constexpr int8_t o = -1;
  const __m128i places[9] = {_mm_setr_epi8(0, o, o, 1, o, o, 2, o, o, 3, o, o, 4, o, o, 5),
                             _mm_setr_epi8(o, 0, o, o, 1, o, o, 2, o, o, 3, o, o, 4, o, o),
                             _mm_setr_epi8(o, o, 0, o, o, 1, o, o, 2, o, o, 3, o, o, 4, o),
                             _mm_setr_epi8(o, o, 6, o, o, 7, o, o, 8, o, o, 9, o, o, 10, o),
                             _mm_setr_epi8(5, o, o, 6, o, o, 7, o, o, 8, o, o, 9, o, o, 10),
                             _mm_setr_epi8(o, 5, o, o, 6, o, o, 7, o, o, 8, o, o, 9, o, o),
                             _mm_setr_epi8(o, 11, o, o, 12, o, o, 13, o, o, 14, o, o, 15, o, o),
                             _mm_setr_epi8(o, o, 11, o, o, 12, o, o, 13, o, o, 14, o, o, 15, o),
                             _mm_setr_epi8(10, o, o, 11, o, o, 12, o, o, 13, o, o, 14, o, o, 15)};
  for (int i = 0; i < 3; ++i) {
    const __m128i mixed = _mm_or_si128(
        _mm_or_si128(_mm_shuffle_epi8(r, places[3 * i]), _mm_shuffle_epi8(g, places[3 * i + 1])),
        _mm_shuffle_epi8(b, places[3 * i + 2]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16 * i), mixed);
  }
}

// The last tile lies over the one before.
STOKER_AVX2 void to_rgb_v3(const uint8_t* y_row, const uint8_t* cb_row, const uint8_t* cr_row,
                           int32_t n, uint8_t* rgb) {
  if (n < kTile) return to_rgb(y_row, cb_row, cr_row, n, rgb);
  const __m256i middle = _mm256_set1_epi16(128);
  for (int32_t i = 0; i < n; i += kTile) {
    const int32_t at = std::min(i, n - kTile);
    const __m256i y = load(y_row + at);
    const __m256i blue = _mm256_sub_epi16(load(cb_row + at), middle);
    const __m256i red = _mm256_sub_epi16(load(cr_row + at), middle);
    const __m256i r = _mm256_add_epi16(_mm256_add_epi16(y, red), scaled(red, kRedOfCr - 65536));
    const __m256i g = _mm256_add_epi16(y, green_part(blue, red));
    const __m256i b = _mm256_add_epi16(_mm256_add_epi16(y, _mm256_slli_epi16(blue, 1)),
                                       scaled(blue, kBlueOfCb - 2 * 65536));
    store(bytes(r), bytes(g), bytes(b), rgb + 3 * at);
  }
}

STOKER_LEVEL(V4, __attribute__((target("avx2,avx512f,avx512bw,avx512dq,avx512vl"))));
STOKER_LEVEL(V3, STOKER_AVX2);
#endif
STOKER_LEVEL(Baseline, );

#if defined(__x86_64__) && defined(__GNUC__)
constexpr RowMakers with_fast_color(RowMakers makers) {
  makers.to_rgb = to_rgb_v3;
  return makers;
}
#endif

}  // namespace

const RowMakers& row_makers(kernels::CpuLevel level) {
#if defined(__x86_64__) && defined(__GNUC__)
  static constexpr RowMakers kV4 = with_fast_color(V4::kMakers);
  static constexpr RowMakers kV3 = with_fast_color(V3::kMakers);
  if (level == kernels::CpuLevel::kV4) return kV4;
  if (level == kernels::CpuLevel::kV3) return kV3;
#endif
  static_cast<void>(level);
  return Baseline::kMakers;
}

}  // namespace stoker::decode

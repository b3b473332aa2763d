#include "stoker/decode/idct_reduced.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

#include "stoker/decode/idct_arithmetic.h"

namespace stoker::decode {
namespace {

// The mean of pixels 2i and 2i + 1 of eight is, for frequency u of T.81's A.3.3,
//   C(u) cos(u pi/16) cos((2i + 1) u pi/8),
// that of four pixels from 4i on C(u) cos(u pi/16) cos(u pi/8) cos((2i + 1) u pi/4), C(0) =
// 1/sqrt(2) and otherwise 1. So frequency 4 is nothing in the first, and 2, 4 and 6 in the second.
// Factors are these times 2 sqrt(2), and 4 sqrt(2), in 13 bits, as libjpeg has them.
constexpr Factors kMean2{fixed(1.847759065), -fixed(0.765366865)};  // of rows 2 and 6
// Of rows 1 and 7, and of rows 3 and 5, to the outer and to the inner two pixels of four.
constexpr Factors kOuter17{fixed(2.562915447), -fixed(0.509795579)};
constexpr Factors kOuter35{fixed(0.899976223), -fixed(0.601344887)};
constexpr Factors kInner17{fixed(1.061594337), -fixed(0.211164243)};
constexpr Factors kInner35{-fixed(2.172734803), fixed(1.451774981)};
// To the two pixels of two.
constexpr Factors kHalf17{fixed(3.624509785), -fixed(0.720959822)};
constexpr Factors kHalf35{-fixed(1.272758580), fixed(0.850430095)};
// Of rows 0 and 4. The factor for two pixels is twice that, which 16 bits do not hold.
constexpr Factors kMean0{2 << kFractionBits, 0};

constexpr int kFourFirstShift = kFractionBits - kExtraBits + 1;
constexpr int kFourSecondShift = kFractionBits + kExtraBits + 3 + 1;
constexpr int kTwoFirstShift = kFractionBits - kExtraBits + 2;
constexpr int kTwoSecondShift = kFractionBits + kExtraBits + 3 + 2;

template <int kShift>
int32_t rounded(uint32_t value) {
  return static_cast<int32_t>(value + (1u << (kShift - 1))) >> kShift;
}

uint8_t pixel_of(int32_t value) { return static_cast<uint8_t>(std::clamp(value, -128, 127) + 128); }

struct PassToFour {
  static constexpr int kSide = 4, kFirstShift = kFourFirstShift, kSecondShift = kFourSecondShift;
  template <int kShift>
  static void run(const int32_t (*in)[2], int32_t* out) {
    const uint32_t mean = product(in[0], kMean0), even = product(in[1], kMean2);
    const uint32_t outer = product(in[2], kOuter17) + product(in[3], kOuter35);
    const uint32_t inner = product(in[2], kInner17) + product(in[3], kInner35);
    out[0] = rounded<kShift>(mean + even + outer);
    out[1] = rounded<kShift>(mean - even + inner);
    out[2] = rounded<kShift>(mean - even - inner);
    out[3] = rounded<kShift>(mean + even - outer);
  }
};

struct PassToTwo {
  static constexpr int kSide = 2, kFirstShift = kTwoFirstShift, kSecondShift = kTwoSecondShift;
  template <int kShift>
  static void run(const int32_t (*in)[2], int32_t* out) {
    const uint32_t mean = 2 * product(in[0], kMean0);
    const uint32_t odd = product(in[2], kHalf17) + product(in[3], kHalf35);
    out[0] = rounded<kShift>(mean + odd);
    out[1] = rounded<kShift>(mean - odd);
  }
};

template <typename Pass>
void reduce_baseline(const int16_t* block, uint8_t* out, int64_t row_bytes) {
  int32_t between[8][Pass::kSide];  // [column][row]
  for (int x = 0; x < 8; ++x) {
    int32_t in[4][2];
    for (int pair = 0; pair < 4; ++pair)
      for (int which = 0; which < 2; ++which) in[pair][which] = block[16 * pair + 2 * x + which];
    Pass::template run<Pass::kFirstShift>(in, between[x]);
  }
  for (int y = 0; y < Pass::kSide; ++y) {
    const auto at = [&between, y](int x) { return std::clamp(between[x][y], -32768, 32767); };
    const int32_t in[4][2] = {{at(0), at(4)}, {at(2), at(6)}, {at(1), at(7)}, {at(3), at(5)}};
    int32_t row[Pass::kSide];
    Pass::template run<Pass::kSecondShift>(in, row);
    for (int x = 0; x < Pass::kSide; ++x) out[y * row_bytes + x] = pixel_of(row[x]);
  }
}

#if defined(__x86_64__) && defined(__GNUC__)
STOKER_AVX2_INLINE __m128i product(__m128i pair, Factors f) {
  return _mm_madd_epi16(pair, _mm_set1_epi32(side_by_side(f)));
}

// The first pass to four rows; columns in the lanes.
STOKER_AVX2_INLINE void columns_to_four(const __m256i* in, __m256i* out) {
  const __m256i round = _mm256_set1_epi32(1 << (kFourFirstShift - 1));
  const __m256i mean = _mm256_add_epi32(product(in[0], kMean0), round);
  const __m256i even = product(in[1], kMean2);
  const __m256i high = _mm256_add_epi32(mean, even), low = _mm256_sub_epi32(mean, even);
  const __m256i outer = _mm256_add_epi32(product(in[2], kOuter17), product(in[3], kOuter35));
  const __m256i inner = _mm256_add_epi32(product(in[2], kInner17), product(in[3], kInner35));
  out[0] = _mm256_srai_epi32(_mm256_add_epi32(high, outer), kFourFirstShift);
  out[1] = _mm256_srai_epi32(_mm256_add_epi32(low, inner), kFourFirstShift);
  out[2] = _mm256_srai_epi32(_mm256_sub_epi32(low, inner), kFourFirstShift);
  out[3] = _mm256_srai_epi32(_mm256_sub_epi32(high, outer), kFourFirstShift);
}

// The second pass to four columns; rows in the lanes.
STOKER_AVX2_INLINE void rows_to_four(const __m128i* in, __m128i* out) {
  const __m128i round = _mm_set1_epi32(1 << (kFourSecondShift - 1));
  const __m128i mean = _mm_add_epi32(product(in[0], kMean0), round);
  const __m128i even = product(in[1], kMean2);
  const __m128i high = _mm_add_epi32(mean, even), low = _mm_sub_epi32(mean, even);
  const __m128i outer = _mm_add_epi32(product(in[2], kOuter17), product(in[3], kOuter35));
  const __m128i inner = _mm_add_epi32(product(in[2], kInner17), product(in[3], kInner35));
  out[0] = _mm_srai_epi32(_mm_add_epi32(high, outer), kFourSecondShift);
  out[1] = _mm_srai_epi32(_mm_add_epi32(low, inner), kFourSecondShift);
  out[2] = _mm_srai_epi32(_mm_sub_epi32(low, inner), kFourSecondShift);
  out[3] = _mm_srai_epi32(_mm_sub_epi32(high, outer), kFourSecondShift);
}

STOKER_AVX2 void reduce_to_four_v3(const int16_t* block, uint8_t* out, int64_t row_bytes) {
  __m256i pairs[4], rows[4];
  for (int i = 0; i < 4; ++i)
    pairs[i] = _mm256_load_si256(reinterpret_cast<const __m256i*>(block + 16 * i));
  columns_to_four(pairs, rows);
  // From rows of pairs to pairs of rows.
  const __m256i rows01 = pair_columns(rows[0], rows[1]), rows23 = pair_columns(rows[2], rows[3]);
  const __m128i row0 = _mm256_castsi256_si128(rows01), row1 = _mm256_extracti128_si256(rows01, 1);
  const __m128i row2 = _mm256_castsi256_si128(rows23), row3 = _mm256_extracti128_si256(rows23, 1);
  const __m128i low01 = _mm_unpacklo_epi32(row0, row1), low23 = _mm_unpacklo_epi32(row2, row3);
  const __m128i high01 = _mm_unpackhi_epi32(row0, row1), high23 = _mm_unpackhi_epi32(row2, row3);
  const __m128i turned[4] = {_mm_unpacklo_epi64(low01, low23), _mm_unpackhi_epi64(low01, low23),
                             _mm_unpacklo_epi64(high01, high23),
                             _mm_unpackhi_epi64(high01, high23)};
  __m128i columns[4];
  rows_to_four(turned, columns);
  const __m128i gather = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m128i bytes = _mm_packs_epi16(_mm_packs_epi32(columns[0], columns[1]),
                                        _mm_packs_epi32(columns[2], columns[3]));
  alignas(16) uint8_t four[4][4];
  _mm_store_si128(reinterpret_cast<__m128i*>(four),
                  _mm_xor_si128(_mm_shuffle_epi8(bytes, gather), _mm_set1_epi8(-128)));
  for (int y = 0; y < 4; ++y) std::memcpy(out + y * row_bytes, four[y], 4);
}
#endif

}  // namespace

InverseTransform reduced_inverse_transform(kernels::CpuLevel level, int side) {
  if (side == 2) return reduce_baseline<PassToTwo>;
#if defined(__x86_64__) && defined(__GNUC__)
  if (level >= kernels::CpuLevel::kV3) return reduce_to_four_v3;
#endif
  static_cast<void>(level);
  return reduce_baseline<PassToFour>;
}

}  // namespace stoker::decode

#include "stoker/decode/idct.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

#include "stoker/decode/idct_arithmetic.h"
#include "stoker/decode/idct_reduced.h"

namespace stoker::decode {
namespace {

// Loeffler, Ligtenberg and Moschytz, "Practical Fast 1-D DCT Algorithms with 11 Multiplications",
// ICASSP 1989, figure 1 backwards, scaled by sqrt(8), with its constants in 13 bits as libjpeg has
// them. Multiplied out to two products an input: integers add up to the same either way.
constexpr int kFirstShift = kFractionBits - kExtraBits;
constexpr int kSecondShift = kFractionBits + kExtraBits + 3;

constexpr Factors kSum{1 << kFractionBits, 1 << kFractionBits};  // of rows 0 and 4
constexpr Factors kDifference{1 << kFractionBits, -(1 << kFractionBits)};
constexpr int32_t kRotation = fixed(0.541196100);
constexpr Factors kEven2{kRotation, kRotation - fixed(1.847759065)};  // of rows 2 and 6
constexpr Factors kEven3{kRotation + fixed(0.765366865), kRotation};
constexpr int32_t kAll = fixed(1.175875602);
constexpr int32_t k73 = kAll - fixed(1.961570560), k51 = kAll - fixed(0.390180644);
constexpr int32_t k71 = -fixed(0.899976223), k53 = -fixed(2.562915447);
// Of rows 1 and 7, and of rows 3 and 5, to the odd parts.
constexpr Factors kOdd17[4] = {{kAll + k71, fixed(0.298631336) + k71 + k73},
                               {k51, kAll},
                               {kAll, k73},
                               {fixed(1.501321110) + k71 + k51, kAll + k71}};
constexpr Factors kOdd35[4] = {{k73, kAll},
                               {kAll + k53, fixed(2.053119869) + k53 + k51},
                               {fixed(3.072711026) + k53 + k73, kAll + k53},
                               {kAll, k51}};

// One column or row: input[pair][which] to eight outputs.
template <int kShift>
void pass(const int32_t (*in)[2], int32_t* out) {
  constexpr uint32_t kRound = 1u << (kShift - 1);
  const uint32_t sum = product(in[0], kSum) + kRound;
  const uint32_t difference = product(in[0], kDifference) + kRound;
  const uint32_t even2 = product(in[1], kEven2), even3 = product(in[1], kEven3);
  const uint32_t even[4] = {sum + even3, difference + even2, difference - even2, sum - even3};
  for (int i = 0; i < 4; ++i) {
    const uint32_t odd = product(in[2], kOdd17[3 - i]) + product(in[3], kOdd35[3 - i]);
    out[i] = static_cast<int32_t>(even[i] + odd) >> kShift;
    out[7 - i] = static_cast<int32_t>(even[i] - odd) >> kShift;
  }
}

void transform_baseline(const int16_t* block, uint8_t* out, int64_t row_bytes) {
  int32_t between[8][8];  // [column][row]
  for (int x = 0; x < 8; ++x) {
    int32_t in[4][2];
    for (int pair = 0; pair < 4; ++pair)
      for (int which = 0; which < 2; ++which) in[pair][which] = block[16 * pair + 2 * x + which];
    pass<kFirstShift>(in, between[x]);
  }
  for (int y = 0; y < 8; ++y) {
    const auto at = [&between, y](int x) { return std::clamp(between[x][y], -32768, 32767); };
    const int32_t in[4][2] = {{at(0), at(4)}, {at(2), at(6)}, {at(1), at(7)}, {at(3), at(5)}};
    int32_t row[8];
    pass<kSecondShift>(in, row);
    for (int x = 0; x < 8; ++x)
      out[y * row_bytes + x] = static_cast<uint8_t>(std::clamp(row[x], -128, 127) + 128);
  }
}

#if defined(__x86_64__) && defined(__GNUC__)
// in: four pairs, eight columns or rows each; out: eight of 32 bits.
template <int kShift>
STOKER_AVX2_INLINE void pass(const __m256i* in, __m256i* out) {
  const __m256i round = _mm256_set1_epi32(1 << (kShift - 1));
  const __m256i sum = _mm256_add_epi32(product(in[0], kSum), round);
  const __m256i difference = _mm256_add_epi32(product(in[0], kDifference), round);
  const __m256i even2 = product(in[1], kEven2), even3 = product(in[1], kEven3);
  const __m256i even[4] = {_mm256_add_epi32(sum, even3), _mm256_add_epi32(difference, even2),
                           _mm256_sub_epi32(difference, even2), _mm256_sub_epi32(sum, even3)};
  for (int i = 0; i < 4; ++i) {
    const __m256i odd =
        _mm256_add_epi32(product(in[2], kOdd17[3 - i]), product(in[3], kOdd35[3 - i]));
    out[i] = _mm256_srai_epi32(_mm256_add_epi32(even[i], odd), kShift);
    out[7 - i] = _mm256_srai_epi32(_mm256_sub_epi32(even[i], odd), kShift);
  }
}

// From rows of columns to pairs of columns; the rows in the order 0 2 4 6 1 3 5 7.
STOKER_AVX2_INLINE void turn(const __m256i* rows, __m256i* pairs) {
  __m256i two[4];
  for (int i = 0; i < 4; ++i) two[i] = pair_columns(rows[2 * i], rows[2 * i + 1]);
  const __m256i low02 = _mm256_unpacklo_epi32(two[0], two[1]);
  const __m256i high02 = _mm256_unpackhi_epi32(two[0], two[1]);
  const __m256i low46 = _mm256_unpacklo_epi32(two[2], two[3]);
  const __m256i high46 = _mm256_unpackhi_epi32(two[2], two[3]);
  pairs[0] = _mm256_unpacklo_epi64(low02, low46);
  pairs[1] = _mm256_unpackhi_epi64(low02, low46);
  pairs[2] = _mm256_unpacklo_epi64(high02, high46);
  pairs[3] = _mm256_unpackhi_epi64(high02, high46);
}

// Two rows of eight bytes, the second two rows below the first.
STOKER_AVX2_INLINE void store_two(__m128i rows, uint8_t* out, int64_t row_bytes) {
  const int64_t first = _mm_cvtsi128_si64(rows), second = _mm_extract_epi64(rows, 1);
  std::memcpy(out, &first, sizeof first);
  std::memcpy(out + 2 * row_bytes, &second, sizeof second);
}

// columns: eight, their rows in turn's order.
STOKER_AVX2_INLINE void store(const __m256i* columns, uint8_t* out, int64_t row_bytes) {
  const __m256i gather = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  __m256i half[2];  // four columns each, then four rows by four bytes
  for (int i = 0; i < 2; ++i) {
    const __m256i* four = columns + 4 * i;
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(four[0], four[1]),
                                             _mm256_packs_epi32(four[2], four[3]));
    half[i] = _mm256_shuffle_epi8(bytes, gather);
  }
  const __m256i bias = _mm256_set1_epi8(-128);
  const __m256i low = _mm256_xor_si256(_mm256_unpacklo_epi32(half[0], half[1]), bias);
  const __m256i high = _mm256_xor_si256(_mm256_unpackhi_epi32(half[0], half[1]), bias);
  store_two(_mm256_castsi256_si128(low), out, row_bytes);
  store_two(_mm256_extracti128_si256(low, 1), out + row_bytes, row_bytes);
  store_two(_mm256_castsi256_si128(high), out + 4 * row_bytes, row_bytes);
  store_two(_mm256_extracti128_si256(high, 1), out + 5 * row_bytes, row_bytes);
}

STOKER_AVX2 void transform_v3(const int16_t* block, uint8_t* out, int64_t row_bytes) {
  __m256i pairs[4], wide[8];
  for (int i = 0; i < 4; ++i)
    pairs[i] = _mm256_load_si256(reinterpret_cast<const __m256i*>(block + 16 * i));
  pass<kFirstShift>(pairs, wide);
  turn(wide, pairs);
  pass<kSecondShift>(pairs, wide);
  store(wide, out, row_bytes);
}
#endif

}  // namespace

InverseTransform inverse_transform(kernels::CpuLevel level, int side) {
  if (side < 8) return reduced_inverse_transform(level, side);
#if defined(__x86_64__) && defined(__GNUC__)
  if (level >= kernels::CpuLevel::kV3) return transform_v3;
#endif
  static_cast<void>(level);
  return transform_baseline;
}

void fill_flat(int16_t dc, uint8_t* out, int64_t row_bytes, int side) {
  const int pixel = std::clamp(((dc + 4) >> 3) + 128, 0, 255);
  if (side == 8) {
    for (int y = 0; y < 8; ++y) std::memset(out + y * row_bytes, pixel, 8);
    return;
  }
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) out[y * row_bytes + x] = static_cast<uint8_t>(pixel);
}

}  // namespace stoker::decode

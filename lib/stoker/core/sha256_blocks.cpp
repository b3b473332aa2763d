#include "stoker/core/sha256_blocks.h"

#include <bit>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace stoker {
namespace {

constexpr std::array<uint32_t, 64> kRoundConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t big_endian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

}  // namespace

Sha256State sha256_blocks_portable(Sha256State state, const uint8_t* blocks, size_t count) {
  for (const uint8_t* block = blocks; block != blocks + 64 * count; block += 64) {
    std::array<uint32_t, 64> w;
    for (size_t t = 0; t < 16; ++t) w[t] = big_endian(block + 4 * t);
    for (size_t t = 16; t < 64; ++t) {
      const uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
      const uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (size_t t = 0; t < 64; ++t) {
      const uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + kRoundConstants[t] + w[t];
      const uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1;
      d = c, c = b, b = a, a = t1 + t2;
    }
    const Sha256State worked = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < 8; ++i) state[i] += worked[i];
  }
  return state;
}

#if defined(__x86_64__)
namespace {

bool has_sha_instructions() {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

// Intel's SHA extensions: two rounds an instruction, on the state as (a, b, e, f) and (c, d, g, h)
// from the high lane down; four words of the schedule at a time.
__attribute__((target("sha,ssse3,sse4.1"))) Sha256State sha256_blocks_x86(Sha256State state,
                                                                          const uint8_t* blocks,
                                                                          size_t count) {
  const auto lane = [](uint32_t word) { return static_cast<int>(word); };
  const auto [a, b, c, d, e, f, g, h] = state;
  __m128i abef = _mm_set_epi32(lane(a), lane(b), lane(e), lane(f));
  __m128i cdgh = _mm_set_epi32(lane(c), lane(d), lane(g), lane(h));
  const __m128i reversed_words = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  for (const uint8_t* block = blocks; block != blocks + 64 * count; block += 64) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];
#pragma GCC unroll 16
    for (int group = 0; group < 16; ++group) {
      __m128i& now = w[group % 4];
      if (group < 4) {
        const auto* bytes = reinterpret_cast<const __m128i*>(block + 16 * group);
        now = _mm_shuffle_epi8(_mm_loadu_si128(bytes), reversed_words);
      } else {
        const __m128i& before = w[(group + 3) % 4];
        const __m128i middle = _mm_alignr_epi8(before, w[(group + 2) % 4], 4);
        now = _mm_sha256msg2_epu32(
            _mm_add_epi32(_mm_sha256msg1_epu32(now, w[(group + 1) % 4]), middle), before);
      }
      const auto* constants = reinterpret_cast<const __m128i*>(&kRoundConstants[4 * group]);
      const __m128i sum = _mm_add_epi32(now, _mm_loadu_si128(constants));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  std::array<uint32_t, 4> low, high;  // f, e, b, a and h, g, d, c
  _mm_storeu_si128(reinterpret_cast<__m128i*>(low.data()), abef);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(high.data()), cdgh);
  return {low[3], low[2], high[3], high[2], low[1], low[0], high[1], high[0]};
}

}  // namespace
#endif

Sha256State sha256_blocks(Sha256State state, const uint8_t* blocks, size_t count) {
#if defined(__x86_64__)
  static const bool has_instructions = has_sha_instructions();
  if (has_instructions) return sha256_blocks_x86(state, blocks, count);
#endif
  return sha256_blocks_portable(state, blocks, count);
}

}  // namespace stoker

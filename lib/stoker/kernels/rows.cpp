#include "stoker/kernels/rows.h"

#include <cstring>
#include <type_traits>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

#include "stoker/kernels/pixel_type.h"

#define STOKER_INLINE [[gnu::always_inline]] inline

namespace stoker::kernels {
namespace {

// Columns in tiles whose sums stay in registers while the rows go by.
STOKER_INLINE void blend_rows(const uint8_t* __restrict in, int64_t row_bytes,
                              const float* __restrict weights, int32_t count, int64_t n,
                              float* __restrict out) {
  constexpr int kTile = 64;
  int64_t i = 0;
  for (; i + kTile <= n; i += kTile) {
    float sum[kTile] = {};
    for (int32_t row = 0; row < count; ++row) {
      const uint8_t* __restrict line = in + row * row_bytes + i;
      const float weight = weights[row];
      for (int k = 0; k < kTile; ++k) sum[k] += weight * static_cast<float>(line[k]);
    }
    for (int k = 0; k < kTile; ++k) out[i + k] = sum[k];
  }
  for (; i < n; ++i) {
    float sum = 0;
    for (int32_t row = 0; row < count; ++row)
      sum += weights[row] * static_cast<float>(in[row * row_bytes + i]);
    out[i] = sum;
  }
}

STOKER_INLINE void resample_gray(const float* __restrict in, const int32_t* __restrict first,
                                 const float* __restrict weights, int32_t taps, int32_t width,
                                 float* __restrict out) {
  for (int32_t x = 0; x < width; ++x) {
    const float* from = in + first[x];
    const float* weight = weights + int64_t{x} * taps;
    float sum = 0;
    for (int32_t tap = 0; tap < taps; ++tap) sum += weight[tap] * from[tap];
    out[x] = sum;
  }
}

// Four lanes for three channels: the fourth reads the neighbour's first channel and is overwritten
// by the next pixel.
using Lanes = float __attribute__((vector_size(16)));

// kTaps is the number of taps where the compiler shall know it, else 0.
template <int kTaps>
STOKER_INLINE void resample_color_taps(const float* __restrict in, const int32_t* __restrict first,
                                       const float* __restrict weights, int32_t taps, int32_t width,
                                       float* __restrict out) {
  const int32_t count = kTaps == 0 ? taps : kTaps;
  for (int32_t x = 0; x < width; ++x) {
    const float* from = in + int64_t{3} * first[x];
    const float* weight = weights + int64_t{x} * count;
    Lanes sum = {0, 0, 0, 0};
    for (int32_t tap = 0; tap < count; ++tap) {
      Lanes value;
      std::memcpy(&value, from + 3 * tap, sizeof value);
      sum += value * weight[tap];
    }
    std::memcpy(out + 3 * x, &sum, sizeof sum);
  }
}

STOKER_INLINE void resample_color(const float* __restrict in, const int32_t* __restrict first,
                                  const float* __restrict weights, int32_t taps, int32_t width,
                                  float* __restrict out) {
  switch (taps) {
    case 2:
      return resample_color_taps<2>(in, first, weights, taps, width, out);
    case 3:
      return resample_color_taps<3>(in, first, weights, taps, width, out);
    case 4:
      return resample_color_taps<4>(in, first, weights, taps, width, out);
    case 5:
      return resample_color_taps<5>(in, first, weights, taps, width, out);
    default:
      return resample_color_taps<0>(in, first, weights, taps, width, out);
  }
}

template <PixelType kType>
STOKER_INLINE auto cast(float value) {
  if constexpr (kType == PixelType::kBFloat16)
    return to_bfloat16(value);
  else if constexpr (kType == PixelType::kFloat16)
    return to_float16(value);
  else if constexpr (kType == PixelType::kUInt8)
    return to_uint8(value);
  else
    return value;
}

template <PixelType kType, class In>
STOKER_INLINE void store_row(const In* __restrict in, int64_t n, const Pattern& pattern,
                             void* out_row) {
  using Out = decltype(cast<kType>(0.0f));
  Out* __restrict out = static_cast<Out*>(out_row);
  const float* __restrict scale = pattern.scale;
  const float* __restrict bias = pattern.bias;
  int64_t i = 0;
  for (; i + Pattern::kLength <= n; i += Pattern::kLength)
    for (int k = 0; k < Pattern::kLength; ++k)
      out[i + k] = cast<kType>(static_cast<float>(in[i + k]) * scale[k] + bias[k]);
  for (int k = 0; i < n; ++i, ++k)
    out[i] = cast<kType>(static_cast<float>(in[i]) * scale[k] + bias[k]);
}

// The same loops under one set of compiler flags, each behind an address. Lambdas do not inherit a
// target attribute, so these are functions of a struct.
#define STOKER_LEVEL(Level, target)                                                        \
  struct Level {                                                                           \
    target static void blend(const uint8_t* in, int64_t row_bytes, const float* weights,   \
                             int32_t count, int64_t n, float* out) {                       \
      blend_rows(in, row_bytes, weights, count, n, out);                                   \
    }                                                                                      \
    target static void gray(const float* in, const int32_t* first, const float* weights,   \
                            int32_t taps, int32_t width, float* out) {                     \
      resample_gray(in, first, weights, taps, width, out);                                 \
    }                                                                                      \
    target static void color(const float* in, const int32_t* first, const float* weights,  \
                             int32_t taps, int32_t width, float* out) {                    \
      resample_color(in, first, weights, taps, width, out);                                \
    }                                                                                      \
    template <PixelType kType, class In>                                                   \
    target static void store(const In* in, int64_t n, const Pattern& pattern, void* out) { \
      store_row<kType>(in, n, pattern, out);                                               \
    }                                                                                      \
  }

#if defined(__x86_64__) && defined(__GNUC__)
STOKER_LEVEL(V4, __attribute__((target("avx2,avx512f,avx512bw,avx512dq,avx512vl"))));
STOKER_LEVEL(V3, __attribute__((target("avx2"))));
#endif
STOKER_LEVEL(Baseline, );

template <class Level>
constexpr RowLoops loops_of() {
  using enum PixelType;
  return {&Level::blend,
          {&Level::gray, nullptr, &Level::color},
          {&Level::template store<kFloat32, uint8_t>, &Level::template store<kBFloat16, uint8_t>,
           &Level::template store<kFloat16, uint8_t>, &Level::template store<kUInt8, uint8_t>},
          {&Level::template store<kFloat32, float>, &Level::template store<kBFloat16, float>,
           &Level::template store<kFloat16, float>, &Level::template store<kUInt8, float>},
          nullptr,
          nullptr};
}

#if defined(__x86_64__) && defined(__GNUC__)
// A whole cache line at a time: the line is not fetched first.
__attribute__((target("avx512f"))) void stream_floats(const float* in, int64_t n,
                                                      const Pattern& pattern, void* out_row) {
  constexpr int kVector = 16;
  auto* out = static_cast<float*>(out_row);
  int64_t i = 0;
  for (; i + Pattern::kLength <= n; i += Pattern::kLength)
    for (int k = 0; k < Pattern::kLength; k += kVector)
      _mm512_stream_ps(out + i + k, _mm512_add_ps(_mm512_mul_ps(_mm512_loadu_ps(in + i + k),
                                                                _mm512_load_ps(pattern.scale + k)),
                                                  _mm512_load_ps(pattern.bias + k)));
  for (int k = 0; i < n; ++i, ++k) out[i] = in[i] * pattern.scale[k] + pattern.bias[k];
}

constexpr RowLoops with_streams(RowLoops loops) {
  loops.stream_floats = stream_floats;
  loops.finish_streams = [] { _mm_sfence(); };
  return loops;
}
#endif

}  // namespace

CpuLevel cpu_level() {
#if defined(__x86_64__) && defined(__GNUC__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return CpuLevel::kV4;
  if (__builtin_cpu_supports("avx2")) return CpuLevel::kV3;
#endif
  return CpuLevel::kBaseline;
}

const RowLoops& row_loops(CpuLevel level) {
  static constexpr RowLoops kBaseline = loops_of<Baseline>();
#if defined(__x86_64__) && defined(__GNUC__)
  static constexpr RowLoops kV3 = loops_of<V3>();
  static constexpr RowLoops kV4 = with_streams(loops_of<V4>());
  if (level == CpuLevel::kV4) return kV4;
  if (level == CpuLevel::kV3) return kV3;
#else
  (void)level;
#endif
  return kBaseline;
}

}  // namespace stoker::kernels

#include "stoker/kernels/op_rows.h"

#include "stoker/kernels/filter_body.h"

#define STOKER_INLINE [[gnu::always_inline]] inline

namespace stoker::kernels {
namespace {

STOKER_INLINE void split(const uint8_t* __restrict row, int32_t width, int32_t channels,
                         const Planes& planes) {
  float* __restrict red = planes.channel[0];
  float* __restrict green = planes.channel[1];
  float* __restrict blue = planes.channel[2];
  if (channels == 1) {
    for (int32_t x = 0; x < width; ++x) red[x] = green[x] = blue[x] = row[x];
    return;
  }
  for (int32_t x = 0; x < width; ++x) {
    red[x] = row[3 * x];
    green[x] = row[3 * x + 1];
    blue[x] = row[3 * x + 2];
  }
}

STOKER_INLINE void join(const Planes& planes, int32_t width, int32_t channels,
                        uint8_t* __restrict row) {
  const float* __restrict red = planes.channel[0];
  const float* __restrict green = planes.channel[1];
  const float* __restrict blue = planes.channel[2];
  const auto byte = [](float value) { return static_cast<uint8_t>(static_cast<int32_t>(value)); };
  if (channels == 1) {
    for (int32_t x = 0; x < width; ++x) row[x] = byte(red[x]);
    return;
  }
  for (int32_t x = 0; x < width; ++x) {
    row[3 * x] = byte(red[x]);
    row[3 * x + 1] = byte(green[x]);
    row[3 * x + 2] = byte(blue[x]);
  }
}

struct PointRow {
  const Op& op;
  const PointContext& context;
  int32_t first;
  int32_t width;
  const Planes& planes;

  template <OpKind kKind>
  STOKER_INLINE void operator()() const {
    // Copies: the compiler knows that no pixel is one of them.
    const Op copied = op;
    const PointContext known = context;
    const int32_t start = first, count = width;
    float* __restrict red = planes.channel[0];
    float* __restrict green = planes.channel[1];
    float* __restrict blue = planes.channel[2];
    for (int32_t x = 0; x < count; ++x) {
      Pixel pixel{{red[x], green[x], blue[x]}};
      apply_point<kKind>(copied, known, start + x, pixel);
      red[x] = pixel.channel[0];
      green[x] = pixel.channel[1];
      blue[x] = pixel.channel[2];
    }
  }
};

STOKER_INLINE uint64_t gray_sum(const Planes& planes, int32_t width) {
  const float* __restrict red = planes.channel[0];
  const float* __restrict green = planes.channel[1];
  const float* __restrict blue = planes.channel[2];
  uint32_t sum = 0;  // of at most 65536 values below 256
  for (int32_t x = 0; x < width; ++x)
    sum += static_cast<uint32_t>(static_cast<int32_t>(gray_of({{red[x], green[x], blue[x]}})));
  return sum;
}

STOKER_INLINE void sharpen(const uint8_t* above, const uint8_t* row, const uint8_t* below,
                           int64_t n, int32_t channels, float factor, uint8_t* __restrict out) {
  for (int64_t i = 0; i < n; ++i) {
    const int32_t ring = above[i - channels] + above[i] + above[i + channels] + row[i - channels] +
                         row[i + channels] + below[i - channels] + below[i] + below[i + channels];
    out[i] = static_cast<uint8_t>(
        static_cast<int32_t>(sharpened(row[i], static_cast<float>(ring), factor)));
  }
}

STOKER_INLINE void blur_row(const float* __restrict in, const float* __restrict weights,
                            int32_t taps, int64_t n, int32_t channels, uint8_t* __restrict out) {
  constexpr int kTile = 64;
  int64_t i = 0;
  for (; i + kTile <= n; i += kTile) {
    float sum[kTile] = {};
    for (int32_t tap = 0; tap < taps; ++tap) {
      const float* __restrict from = in + i + int64_t{tap} * channels;
      const float weight = weights[tap];
      for (int k = 0; k < kTile; ++k) sum[k] += weight * from[k];
    }
    for (int k = 0; k < kTile; ++k) out[i + k] = to_uint8(clamped(sum[k]));
  }
  for (; i < n; ++i) {
    float sum = 0;
    for (int32_t tap = 0; tap < taps; ++tap) sum += weights[tap] * in[i + int64_t{tap} * channels];
    out[i] = to_uint8(clamped(sum));
  }
}

// As in rows.cpp: the same loops under one set of compiler flags, each behind an address.
#define STOKER_LEVEL(Level, target)                                                                \
  struct Level {                                                                                   \
    target static void split_row(const uint8_t* row, int32_t width, int32_t channels,              \
                                 const Planes& planes) {                                           \
      split(row, width, channels, planes);                                                         \
    }                                                                                              \
    target static void join_row(const Planes& planes, int32_t width, int32_t channels,             \
                                uint8_t* row) {                                                    \
      join(planes, width, channels, row);                                                          \
    }                                                                                              \
    template <OpKind kKind>                                                                        \
    target static void point_row(const PointRow& row) {                                            \
      row.operator()<kKind>();                                                                     \
    }                                                                                              \
    struct Points {                                                                                \
      const PointRow& row;                                                                         \
      template <OpKind kKind>                                                                      \
      void operator()() const {                                                                    \
        point_row<kKind>(row);                                                                     \
      }                                                                                            \
    };                                                                                             \
    static void points(const Op& op, const PointContext& context, int32_t first, int32_t width,    \
                       const Planes& planes) {                                                     \
      with_point_kind(op.kind, Points{PointRow{op, context, first, width, planes}});               \
    }                                                                                              \
    target static uint64_t sum_gray(const Planes& planes, int32_t width) {                         \
      return gray_sum(planes, width);                                                              \
    }                                                                                              \
    target static void sharpen_row(const uint8_t* above, const uint8_t* row, const uint8_t* below, \
                                   int64_t n, int32_t channels, float factor, uint8_t* out) {      \
      sharpen(above, row, below, n, channels, factor, out);                                        \
    }                                                                                              \
    target static void blur(const float* in, const float* weights, int32_t taps, int64_t n,        \
                            int32_t channels, uint8_t* out) {                                      \
      blur_row(in, weights, taps, n, channels, out);                                               \
    }                                                                                              \
    static constexpr OpLoops kLoops = {split_row, join_row, points, sum_gray, sharpen_row, blur};  \
  }

#if defined(__x86_64__) && defined(__GNUC__)
STOKER_LEVEL(V4, __attribute__((target("avx2,avx512f,avx512bw,avx512dq,avx512vl"))));
STOKER_LEVEL(V3, __attribute__((target("avx2"))));
#endif
STOKER_LEVEL(Baseline, );

}  // namespace

const OpLoops& op_loops(CpuLevel level) {
#if defined(__x86_64__) && defined(__GNUC__)
  if (level == CpuLevel::kV4) return V4::kLoops;
  if (level == CpuLevel::kV3) return V3::kLoops;
#else
  (void)level;
#endif
  return Baseline::kLoops;
}

}  // namespace stoker::kernels

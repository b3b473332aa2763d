#include "stoker/kernels/channels.h"

#include <algorithm>
#include <type_traits>

#include "stoker/kernels/gate.h"

#define STOKER_INLINE [[gnu::always_inline]] inline

namespace stoker::kernels {
namespace {

constexpr int64_t kTile = 256;  // columns whose sums lie in L1
constexpr int64_t kBlock = 32;  // lines summed in float32 before the sum goes on in float64

STOKER_INLINE float value_of(float element) { return element; }
STOKER_INLINE float value_of(uint16_t element) { return bits_float(uint32_t{element} << 16); }

template <class T>
STOKER_INLINE T element_of(float value) {
  if constexpr (std::is_same_v<T, float>)
    return value;
  else
    return to_bfloat16(value);
}

// Calls add(line, first, count, a, b) for each line of a block and of a tile of columns, to add to
// the float sums a[0, count) and b[0, count), and carries these over to the float64 ones.
template <class Add>
STOKER_INLINE void sum_columns(int64_t lines, int64_t width, double* __restrict first_sum,
                               double* __restrict second_sum, const Add& add) {
  alignas(64) float a[kTile];
  alignas(64) float b[kTile];
  for (int64_t block = 0; block < lines; block += kBlock) {
    const int64_t end = std::min(lines, block + kBlock);
    for (int64_t column = 0; column < width; column += kTile) {
      const int64_t count = std::min(kTile, width - column);
      std::fill_n(a, count, 0.0f);
      std::fill_n(b, count, 0.0f);
      for (int64_t line = block; line < end; ++line) add(line, column, count, a, b);
      for (int64_t i = 0; i < count; ++i) first_sum[column + i] += double{a[i]};
      for (int64_t i = 0; i < count; ++i) second_sum[column + i] += double{b[i]};
    }
  }
}

template <class T>
STOKER_INLINE void moments(const T* __restrict x, int64_t lines, int64_t width,
                           const float* __restrict shift, double* sum, double* square) {
  sum_columns(
      lines, width, sum, square,
      [&](int64_t line, int64_t column, int64_t count, float* __restrict a, float* __restrict b)
          __attribute__((always_inline)) {
            const T* __restrict in = x + line * width + column;
            const float* __restrict from = shift + column;
            for (int64_t i = 0; i < count; ++i) {
              const float value = value_of(in[i]) - from[i];
              a[i] += value;
              b[i] += value * value;
            }
          });
}

template <Gate kGate, bool kAdd, class T>
STOKER_INLINE void map_lines(const T* __restrict x, const T* __restrict residual, int64_t lines,
                             int64_t width, const ChannelMap& map, T* __restrict out) {
  const float* __restrict scale = map.scale;
  const float* __restrict shift = map.shift;
  for (int64_t line = 0; line < lines; ++line) {
    const int64_t at = line * width;
    for (int64_t i = 0; i < width; ++i) {
      float z = value_of(x[at + i]) * scale[i] + shift[i];
      if constexpr (kAdd) z += value_of(residual[at + i]);
      out[at + i] = element_of<T>(gated<kGate>(z));
    }
  }
}

template <Gate kGate, bool kStore, class T>
STOKER_INLINE void sum_lines(const T* __restrict dy, const T* __restrict x, int64_t lines,
                             int64_t width, const ChannelMap& map, const float* mean, double* sum,
                             double* product, T* __restrict dz) {
  sum_columns(
      lines, width, sum, product,
      [&](int64_t line, int64_t column, int64_t count, float* __restrict a, float* __restrict b)
          __attribute__((always_inline)) {
            const int64_t at = line * width + column;
            const float* __restrict scale = map.scale + column;
            const float* __restrict shift = map.shift + column;
            const float* __restrict center = mean + column;
            for (int64_t i = 0; i < count; ++i) {
              const float value = value_of(x[at + i]);
              const float z = value * scale[i] + shift[i];
              const float gradient = gated_gradient<kGate>(value_of(dy[at + i]), z);
              a[i] += gradient;
              b[i] += gradient * (value - center[i]);
              if constexpr (kStore) dz[at + i] = element_of<T>(gradient);
            }
          });
}

template <class T>
STOKER_INLINE void sum_lines_behind_relu(const T* __restrict dy, const T* __restrict x,
                                         const T* __restrict out, int64_t lines, int64_t width,
                                         const float* mean, double* sum, double* product,
                                         T* __restrict dz) {
  sum_columns(
      lines, width, sum, product,
      [&](int64_t line, int64_t column, int64_t count, float* __restrict a, float* __restrict b)
          __attribute__((always_inline)) {
            const int64_t at = line * width + column;
            const float* __restrict center = mean + column;
            for (int64_t i = 0; i < count; ++i) {
              const float gradient =
                  gated_gradient<Gate::kRelu>(value_of(dy[at + i]), value_of(out[at + i]));
              a[i] += gradient;
              b[i] += gradient * (value_of(x[at + i]) - center[i]);
              dz[at + i] = element_of<T>(gradient);
            }
          });
}

template <Gate kGate, class T>
STOKER_INLINE void gradient_lines(const T* __restrict dy, const T* __restrict x, int64_t lines,
                                  int64_t width, const ChannelMap& map,
                                  const ChannelGradient& gradient, T* __restrict dx) {
  const float* __restrict scale = map.scale;
  const float* __restrict shift = map.shift;
  const float* __restrict mean = gradient.mean;
  const float* __restrict gain = gradient.gain;
  const float* __restrict slope = gradient.slope;
  const float* __restrict offset = gradient.offset;
  for (int64_t line = 0; line < lines; ++line) {
    const int64_t at = line * width;
    for (int64_t i = 0; i < width; ++i) {
      const float value = value_of(x[at + i]);
      const float z = value * scale[i] + shift[i];
      const float dz = gated_gradient<kGate>(value_of(dy[at + i]), z);
      dx[at + i] = element_of<T>(gain[i] * dz + (slope[i] * (value - mean[i]) + offset[i]));
    }
  }
}

// The same loops under one set of compiler flags, each behind an address, as in rows.cpp.
#define STOKER_LEVEL(Level, target)                                                               \
  template <class T>                                                                              \
  struct Level {                                                                                  \
    target static void find_moments(const T* x, int64_t lines, int64_t width, const float* shift, \
                                    double* sum, double* square) {                                \
      moments(x, lines, width, shift, sum, square);                                               \
    }                                                                                             \
    template <Gate kGate>                                                                         \
    target static void map(const T* x, int64_t lines, int64_t width, const ChannelMap& map,       \
                           T* out) {                                                              \
      map_lines<kGate, false>(x, static_cast<const T*>(nullptr), lines, width, map, out);         \
    }                                                                                             \
    template <Gate kGate>                                                                         \
    target static void map_add(const T* x, const T* residual, int64_t lines, int64_t width,       \
                               const ChannelMap& map, T* out) {                                   \
      map_lines<kGate, true>(x, residual, lines, width, map, out);                                \
    }                                                                                             \
    template <Gate kGate>                                                                         \
    target static void sums(const T* dy, const T* x, int64_t lines, int64_t width,                \
                            const ChannelMap& map, const float* mean, double* sum,                \
                            double* product) {                                                    \
      sum_lines<kGate, false>(dy, x, lines, width, map, mean, sum, product,                       \
                              static_cast<T*>(nullptr));                                          \
    }                                                                                             \
    template <Gate kGate>                                                                         \
    target static void sums_store(const T* dy, const T* x, int64_t lines, int64_t width,          \
                                  const ChannelMap& map, const float* mean, double* sum,          \
                                  double* product, T* dz) {                                       \
      sum_lines<kGate, true>(dy, x, lines, width, map, mean, sum, product, dz);                   \
    }                                                                                             \
    target static void sums_behind_relu(const T* dy, const T* x, const T* out, int64_t lines,     \
                                        int64_t width, const float* mean, double* sum,            \
                                        double* product, T* dz) {                                 \
      sum_lines_behind_relu(dy, x, out, lines, width, mean, sum, product, dz);                    \
    }                                                                                             \
    template <Gate kGate>                                                                         \
    target static void gradient(const T* dy, const T* x, int64_t lines, int64_t width,            \
                                const ChannelMap& map, const ChannelGradient& gradient, T* dx) {  \
      gradient_lines<kGate>(dy, x, lines, width, map, gradient, dx);                              \
    }                                                                                             \
  }

#if defined(__x86_64__) && defined(__GNUC__)
#ifdef __clang__
#define STOKER_WIDE ""  // clang knows no such word here
#else
#define STOKER_WIDE ",prefer-vector-width=512"
#endif
STOKER_LEVEL(V4,
             __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl" STOKER_WIDE))));
STOKER_LEVEL(V3, __attribute__((target("avx2,fma"))));
#endif
STOKER_LEVEL(Baseline, );

template <class T, class L>
constexpr ChannelLoops<T> loops_of() {
  using enum Gate;
  return {
      &L::find_moments,
      {&L::template map<kNone>, &L::template map<kRelu>, &L::template map<kGelu>},
      {&L::template map_add<kNone>, &L::template map_add<kRelu>, &L::template map_add<kGelu>},
      {&L::template sums<kNone>, &L::template sums<kRelu>, &L::template sums<kGelu>},
      {&L::template sums_store<kNone>, &L::template sums_store<kRelu>,
       &L::template sums_store<kGelu>},
      &L::sums_behind_relu,
      {&L::template gradient<kNone>, &L::template gradient<kRelu>, &L::template gradient<kGelu>}};
}

}  // namespace

template <class T>
const ChannelLoops<T>& channel_loops(CpuLevel level) {
  static constexpr ChannelLoops<T> kBaseline = loops_of<T, Baseline<T>>();
#if defined(__x86_64__) && defined(__GNUC__)
  static constexpr ChannelLoops<T> kV3 = loops_of<T, V3<T>>();
  static constexpr ChannelLoops<T> kV4 = loops_of<T, V4<T>>();
  if (level == CpuLevel::kV4) return kV4;
  if (level == CpuLevel::kV3) return kV3;
#else
  (void)level;
#endif
  return kBaseline;
}

template const ChannelLoops<float>& channel_loops<float>(CpuLevel level);
template const ChannelLoops<uint16_t>& channel_loops<uint16_t>(CpuLevel level);

}  // namespace stoker::kernels

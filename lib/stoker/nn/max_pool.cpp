#include "stoker/nn/max_pool.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/max_pool2d.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <bit>
#include <type_traits>

#include "stoker/core/error.h"
#include "stoker/nn/by_type.h"
#include "stoker/nn/channel_lines.h"

namespace stoker::nn {
namespace {

constexpr int64_t kLargestWindow = 15;  // so that a place in the window fits a byte
constexpr int64_t kTile = 64;           // channels at a time, held in registers and L1

// bfloat16 is moved around as its bits.
template <class T>
float value_of(T element) {
  if constexpr (std::is_same_v<T, float>)
    return element;
  else
    return std::bit_cast<float>(static_cast<uint32_t>(element) << 16);
}

template <class T>
T element_of(float value) {
  if constexpr (std::is_same_v<T, float>)
    return value;
  else
    return static_cast<T>(std::bit_cast<uint32_t>(value) >> 16);  // exact: it came from there
}

struct Shape {
  int64_t images, channels, height, width, size;
  int64_t out_height() const { return height / size; }
  int64_t out_width() const { return width / size; }
};

// `count` channels of one output pixel: the largest of the window's pixels and its place in it.
// Inlined where `count` is known, so that the arrays are registers.
template <class T>
[[gnu::always_inline]] inline void pool_tile(const T* window, int64_t count, const Shape& s,
                                             T* __restrict__ out, uint8_t* __restrict__ place) {
  std::array<float, kTile> best;
  std::array<int32_t, kTile> where;
  for (int64_t c = 0; c < count; ++c) best[c] = value_of(window[c]);
  for (int64_t c = 0; c < count; ++c) where[c] = 0;
  int32_t k = 0;
  for (int64_t y = 0; y < s.size; ++y) {
    for (int64_t x = 0; x < s.size; ++x, ++k) {
      const T* pixel = window + (y * s.width + x) * s.channels;
      for (int64_t c = 0; c < count; ++c) {
        const float value = value_of(pixel[c]);
        const bool take = (value > best[c]) | (value != value);
        best[c] = take ? value : best[c];
        where[c] = take ? k : where[c];
      }
    }
  }
  for (int64_t c = 0; c < count; ++c) out[c] = element_of<T>(best[c]);
  for (int64_t c = 0; c < count; ++c) place[c] = static_cast<uint8_t>(where[c]);
}

template <class T>
[[gnu::always_inline]] inline void pool_tiles(const T* window, const Shape& s, T* out,
                                              uint8_t* place) {
  int64_t c = 0;
  for (; c + kTile <= s.channels; c += kTile) pool_tile(window + c, kTile, s, out + c, place + c);
  if (c < s.channels) pool_tile(window + c, s.channels - c, s, out + c, place + c);
}

// The window's gradients: the output's where its place is, zero elsewhere.
template <class Bits>
[[gnu::always_inline]] inline void spread_bits(const Bits* __restrict__ grad,
                                               const uint8_t* __restrict__ place, const Shape& s,
                                               Bits* window) {
  const int64_t channels = s.channels;
  uint8_t k = 0;
  for (int64_t y = 0; y < s.size; ++y) {
    for (int64_t x = 0; x < s.size; ++x, ++k) {
      Bits* __restrict__ pixel = window + (y * s.width + x) * s.channels;
      // As a mask: the compiler turns a choice between a load and zero into branches.
      for (int64_t c = 0; c < channels; ++c)
        pixel[c] = static_cast<Bits>(grad[c] & -static_cast<Bits>(place[c] == k));
    }
  }
}

// Compiled for AVX2 as well, picked when the program loads: twice as fast.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)  // whose checks run before they are set up, in the picking
#define STOKER_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define STOKER_CLONES
#endif

STOKER_CLONES void pool_pixel(const float* window, const Shape& s, float* out, uint8_t* place) {
  pool_tiles(window, s, out, place);
}
STOKER_CLONES void pool_pixel(const uint16_t* window, const Shape& s, uint16_t* out,
                              uint8_t* place) {
  pool_tiles(window, s, out, place);
}
STOKER_CLONES void spread_pixel(const uint32_t* __restrict__ grad,
                                const uint8_t* __restrict__ place, const Shape& s,
                                uint32_t* window) {
  spread_bits(grad, place, s, window);
}
STOKER_CLONES void spread_pixel(const uint16_t* __restrict__ grad,
                                const uint8_t* __restrict__ place, const Shape& s,
                                uint16_t* window) {
  spread_bits(grad, place, s, window);
}

template <class T>
void pool(const T* x, const Shape& s, T* out, uint8_t* place) {
  at::parallel_for(0, s.images * s.out_height(), 1, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      const int64_t image = row / s.out_height(), y = row % s.out_height() * s.size;
      const T* in = x + (image * s.height + y) * s.width * s.channels;
      for (int64_t i = 0; i < s.out_width(); ++i) {
        const int64_t at = (row * s.out_width() + i) * s.channels;
        pool_pixel(in + i * s.size * s.channels, s, out + at, place + at);
      }
    }
  });
}

template <class T>
void spread(const T* grad, const uint8_t* place, const Shape& s, T* x_grad) {
  const int64_t line = s.width * s.channels;
  const int64_t used = s.out_width() * s.size * s.channels;
  at::parallel_for(0, s.images * s.out_height(), 1, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      const int64_t image = row / s.out_height(), y = row % s.out_height() * s.size;
      T* to = x_grad + (image * s.height + y) * line;
      for (int64_t i = 0; i < s.out_width(); ++i) {
        const int64_t at = (row * s.out_width() + i) * s.channels;
        spread_pixel(grad + at, place + at, s, to + i * s.size * s.channels);
      }
      for (int64_t k = 0; k < s.size; ++k)
        std::fill(to + k * line + used, to + (k + 1) * line, T{0});
      if (y / s.size == s.out_height() - 1)
        std::fill(to + s.size * line, to + (s.height - y) * line, T{0});
    }
  });
}

Shape shape_of(const at::Tensor& x, int64_t size) {
  return {x.size(0), x.size(1), x.size(2), x.size(3), size};
}

struct MaxPool : torch::autograd::Function<MaxPool> {
  using Context = torch::autograd::AutogradContext;

  static at::Tensor forward(Context* context, const at::Tensor& x, int64_t size) {
    const Shape s = shape_of(x, size);
    const std::array<int64_t, 4> sizes{s.images, s.channels, s.out_height(), s.out_width()};
    const at::Tensor out = at::empty(sizes, x.options(), at::MemoryFormat::ChannelsLast);
    const at::Tensor place =
        at::empty(sizes, x.options().dtype(at::kByte), at::MemoryFormat::ChannelsLast);
    if (x.scalar_type() == at::kFloat)
      pool(data_of<float>(x), s, data_of<float>(out), data_of<uint8_t>(place));
    else
      pool(data_of<uint16_t>(x), s, data_of<uint16_t>(out), data_of<uint8_t>(place));
    context->save_for_backward({place});
    context->saved_data["height"] = s.height;
    context->saved_data["width"] = s.width;
    context->saved_data["size"] = size;
    return out;
  }

  static torch::autograd::variable_list backward(Context* context,
                                                 torch::autograd::variable_list grads) {
    const at::Tensor place = context->get_saved_variables().front();
    const at::Tensor grad = grads.front().contiguous(at::MemoryFormat::ChannelsLast);
    const int64_t height = context->saved_data["height"].toInt();
    const int64_t width = context->saved_data["width"].toInt();
    const at::Tensor x_grad = at::empty({grad.size(0), grad.size(1), height, width}, grad.options(),
                                        at::MemoryFormat::ChannelsLast);
    const Shape s = shape_of(x_grad, context->saved_data["size"].toInt());
    if (grad.scalar_type() == at::kFloat)
      spread(data_of<uint32_t>(grad), data_of<uint8_t>(place), s, data_of<uint32_t>(x_grad));
    else
      spread(data_of<uint16_t>(grad), data_of<uint8_t>(place), s, data_of<uint16_t>(x_grad));
    return {x_grad, at::Tensor()};
  }
};

}  // namespace

at::Tensor max_pool(const at::Tensor& x, int64_t size) {
  STOKER_CHECK(
      x.dim() == 4 && size >= 1 && size <= kLargestWindow && x.size(2) >= size && x.size(3) >= size,
      "dimensions={} size={}", x.dim(), size);
  return suits_channel_loops(x) ? MaxPool::apply(x, size) : at::max_pool2d(x, size);
}

}  // namespace stoker::nn

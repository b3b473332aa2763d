#include "stoker/nn/weight_gradient.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/cpu/Utils.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "stoker/core/error.h"

namespace stoker::nn {
namespace {

// With more threads oneDNN shares the work along channels as well, which keeps their partial sums
// small; that was not measured here.
constexpr int64_t kMostSlices = 8;
constexpr int64_t kTilePixels = 32;        // of a row of an AMX tile of bfloat16
constexpr int64_t kWidestSideBySide = 14;  // two of these fill the tile; 15 nearly fill half of it

bool has_amx() {
  static const bool found = at::cpu::init_amx();
  return found;
}

// In a parallel region, has oneDNN make its primitives for one thread: one that is made for more
// waits for ever for the others. LibTorch sets the number of a thread at the thread's first use of
// it, so that comes first.
class OneThread {
 public:
#ifdef _OPENMP
  OneThread() : threads_(at::get_num_threads()) {
    omp_set_num_threads(1);
    STOKER_CHECK(omp_get_max_threads() == 1, "threads={}", omp_get_max_threads());
  }
  ~OneThread() { omp_set_num_threads(threads_); }

 private:
  int threads_;
#else
  OneThread() = default;
#endif

 public:
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
};

int64_t input_pitch(const at::Tensor& x, const ConvolutionShape& shape) {
  const int64_t stride = shape.stride[1];
  return (x.size(3) + shape.padding[1] + stride - 1) / stride * stride;
}

// Of a kernel of one pixel only every stride-th pixel of x matters. As such a convolution it goes
// to oneDNN: its own pass over strided ones writes past its buffers with AVX2 (seen with 3
// channels).
bool is_strided_point(const at::Tensor& weight, const ConvolutionShape& shape) {
  return weight.size(2) == 1 && weight.size(3) == 1 &&
         shape.padding == std::array<int64_t, 2>{0, 0} &&
         shape.stride != std::array<int64_t, 2>{1, 1};
}

at::Tensor strided_pixels(const at::Tensor& x, const ConvolutionShape& shape) {
  return x.slice(2, 0, std::nullopt, shape.stride[0])
      .slice(3, 0, std::nullopt, shape.stride[1])
      .contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor gradient_of_slice(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight,
                             const ConvolutionShape& shape, int64_t images) {
  if (is_strided_point(weight, shape)) {
    const ConvolutionShape dense{{1, 1}, {0, 0}, shape.groups};
    return gradient_of_slice(dy, strided_pixels(x, shape), weight, dense, images);
  }
  at::Tensor wide_dy = dy, wide_x = x;
  if (images > 1) {
    const int64_t pitch = input_pitch(x, shape);
    wide_x = side_by_side(x, images, pitch);
    wide_dy = side_by_side(dy, images, pitch / shape.stride[1]);
  }
  return std::get<1>(at::convolution_backward(
      wide_dy, wide_x, weight, /*bias_sizes=*/at::OptionalIntArrayRef(), shape.stride,
      shape.padding, /*dilation=*/{1, 1}, /*transposed=*/false, /*output_padding=*/{0, 0},
      shape.groups, {false, true, false}));
}

}  // namespace

int64_t images_side_by_side(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight,
                            const ConvolutionShape& shape) {
  const int64_t pitch = input_pitch(x, shape) / shape.stride[1];
  const bool helps = x.scalar_type() == at::kBFloat16 && has_amx() && weight.size(3) > 1 &&
                     dy.size(3) <= kWidestSideBySide;
  return helps ? std::clamp((kTilePixels + pitch - dy.size(3)) / pitch, int64_t{1}, x.size(0)) : 1;
}

at::Tensor side_by_side(const at::Tensor& images, int64_t count, int64_t pitch) {
  const int64_t n = images.size(0), channels = images.size(1), height = images.size(2);
  const int64_t width = images.size(3), wide = (count - 1) * pitch + width;
  const at::Tensor out = at::empty({(n + count - 1) / count, channels, height, wide},
                                   images.options(), at::MemoryFormat::ChannelsLast);
  const auto pixel = static_cast<size_t>(channels) * images.element_size();
  const auto* from = static_cast<const std::byte*>(images.data_ptr());
  auto* to = static_cast<std::byte*>(out.data_ptr());
  const auto bytes = [pixel](int64_t pixels) { return static_cast<size_t>(pixels) * pixel; };
  for (int64_t row = 0; row < out.size(0) * height; ++row) {
    const int64_t first = row / height * count, y = row % height;
    std::byte* line = to + bytes(row * wide);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t room = i + 1 < count ? pitch : width;
      std::byte* place = line + bytes(i * pitch);
      if (first + i < n) {
        std::memcpy(place, from + bytes(((first + i) * height + y) * width), bytes(width));
        std::memset(place + bytes(width), 0, bytes(room - width));
      } else {
        std::memset(place, 0, bytes(room));
      }
    }
  }
  return out;
}

at::Tensor weight_gradient(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight,
                           const ConvolutionShape& shape, const at::Tensor& like) {
  const int64_t images = x.size(0);
  const int64_t threads = at::in_parallel_region() ? 1 : at::get_num_threads();
  const int64_t slices = threads > kMostSlices ? 1 : std::clamp(threads, int64_t{1}, images);
  const int64_t together = images_side_by_side(dy, x, weight, shape);
  std::vector<at::Tensor> parts(static_cast<size_t>(slices));
  const auto work = [&](int64_t slice) {
    const int64_t first = images * slice / slices, last = images * (slice + 1) / slices;
    parts[static_cast<size_t>(slice)] =
        gradient_of_slice(dy.narrow(0, first, last - first), x.narrow(0, first, last - first),
                          weight, shape, together);
  };
  if (slices == 1) {
    work(0);
  } else {
    at::parallel_for(0, slices, 1, [&](int64_t begin, int64_t end) {
      const at::NoGradGuard no_grad;  // of the thread
      const OneThread one_thread;
      for (int64_t slice = begin; slice < end; ++slice) work(slice);
    });
  }
  at::Tensor sum =
      at::empty_strided(like.sizes(), like.strides(), like.options().dtype(at::kFloat));
  sum.copy_(parts.front());
  for (size_t i = 1; i < parts.size(); ++i) sum.add_(parts[i]);
  return sum;
}

}  // namespace stoker::nn

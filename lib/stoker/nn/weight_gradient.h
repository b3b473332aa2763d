// The gradient of a convolution's weight on the CPU, as oneDNN is quick at it.
//
// oneDNN shares this one pass among threads with barriers that spin: where another process or a
// loader thread takes a core for a while, all threads burn theirs until it comes back, 20 times a
// pass. And with AMX it multiplies rows of 32 pixels, so images 7 or 3 pixels wide leave most of
// each tile empty. Here each thread takes a slice of the batch for itself, images stand side by
// side in rows of about 32 pixels, with zeros between them, and the slices' sums are added in their
// order, in float32.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace stoker::nn {

struct ConvolutionShape {
  std::array<int64_t, 2> stride, padding;
  int64_t groups = 1;
};

// dy: [N, O, P, Q], x: [N, C, H, W], weight: [O, C / groups, R, S], one dtype, in channels_last.
// Returns the gradient as float32 with the sizes and strides of `like`. The same bits for the same
// number of threads.
at::Tensor weight_gradient(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight,
                           const ConvolutionShape& shape, const at::Tensor& like);

// How many images weight_gradient puts side by side: 1 where that does not help.
int64_t images_side_by_side(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight,
                            const ConvolutionShape& shape);

// [ceil(N / count), C, H, (count - 1) * pitch + W] in channels_last: `count` images in each, the
// next one beginning `pitch` pixels to the right, zeros between them and where images are wanting.
at::Tensor side_by_side(const at::Tensor& images, int64_t count, int64_t pitch);

}  // namespace stoker::nn

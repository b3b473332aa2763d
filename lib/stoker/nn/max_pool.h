// Max pooling over windows that do not overlap, the kind small networks use.
//
//   x = nn::max_pool(conv->forward(x), 2);  // half as high, half as wide
//
// On the CPU, for float32 and bfloat16 in channels_last, LibTorch keeps an 8-byte index an output
// and its backward pass clears the gradient before it scatters. This keeps one byte and writes each
// gradient once: about a quarter of the time of both passes. Everything else goes to
// at::max_pool2d, and the results are the same bits either way.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace stoker::nn {

// x: [N, C, H, W]; returns [N, C, H / size, W / size], leaving out what does not fill a window.
// The first of equal values gets the gradient; NaN wins. size: 1 to 15; H and W at least size.
// Differentiable once.
at::Tensor max_pool(const at::Tensor& x, int64_t size);

}  // namespace stoker::nn

// Tensors as the image kernels see them, and back.
#pragma once

#include <ATen/core/Tensor.h>

#include "stoker/kernels/image.h"

namespace stoker::ops {

// float32, bfloat16 and float16 only; throws InternalError otherwise.
kernels::PixelType pixel_type(at::ScalarType dtype);
at::ScalarType scalar_type(kernels::PixelType type);

// An uninitialised [count, channels, height, width] tensor in channels_last, which is the kernels'
// NHWC.
at::Tensor empty_images(int64_t count, int32_t channels, int32_t height, int32_t width,
                        at::ScalarType dtype, at::Device device);
// The memory of such a tensor.
kernels::OutputView output_view(const at::Tensor& images);

// The network's view of NHWC memory: [N, H, W, C] becomes [N, C, H, W] in channels_last.
at::Tensor channels_first(const at::Tensor& nhwc);

}  // namespace stoker::ops

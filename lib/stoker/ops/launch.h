// The pass over many images at once, by device. Inside ops only.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "stoker/kernels/image.h"
#include "stoker/kernels/program.h"

namespace stoker::ops {

// output: [N, C, H, W] in channels_last, N images. programs: N, or none at all. Spreads over ATen's
// threads.
void augment_on_cpu(std::span<const kernels::ImageView> images,
                    std::span<const kernels::Geometry> geometries,
                    std::span<const kernels::Program> programs,
                    const kernels::Normalization& normalization, const at::Tensor& output);

// images: views of device memory that stays until the current stream of output's device is past
// this call. The host waits for nothing. Throws DeviceError if the launch fails or the build has no
// CUDA.
void augment_on_cuda(std::span<const kernels::ImageView> images,
                     std::span<const kernels::Geometry> geometries,
                     std::span<const kernels::Program> programs,
                     const kernels::Normalization& normalization, const at::Tensor& output);

}  // namespace stoker::ops

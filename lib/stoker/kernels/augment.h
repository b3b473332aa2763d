// The fused pass from decoded pixels to the network's input: crop, antialiased resize, border, flip,
// normalise, cast, into NHWC. One body of code for CPU and CUDA (augment_body.h).
//
// Resampling is bilinear with a triangle filter widened by the down-scale factor: what torchvision
// calls antialias=True on float tensors (aten/src/ATen/native/cpu/UpSampleKernel.cpp).
#pragma once

#include <cstdint>

#include "stoker/kernels/image.h"

namespace stoker::kernels {

// One image into image `index` of the output batch. Runs on the calling thread.
void augment(const ImageView& image, const Geometry& geometry, const Normalization& normalization,
             const OutputView& output, int64_t index);

#if STOKER_HAS_CUDA
// `count` images at once. All pointers are device pointers (images' pixels too). `stream` is a
// cudaStream_t. Returns the cudaError_t of the launch.
int augment_cuda(const ImageView* images, const Geometry* geometries, int64_t count,
                 const Normalization& normalization, const OutputView& output, void* stream);
#endif

}  // namespace stoker::kernels

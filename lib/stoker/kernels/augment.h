// The fused pass from decoded pixels to the network's input: crop, antialiased resize, border,
// flip, normalise, cast, into NHWC. One mapping of code for CPU and CUDA (augment_body.h).
//
//   OutputView batch{memory, PixelType::kBFloat16, 224, 224, 3};
//   augment(image, geometry, normalization, batch, slot);
//
// Resampling is bilinear with a triangle filter widened by the down-scale factor: what torchvision
// calls antialias=True on float tensors (aten/src/ATen/native/cpu/UpSampleKernel.cpp).
#pragma once

#include <cstdint>

#include "stoker/kernels/cpu_level.h"
#include "stoker/kernels/image.h"

namespace stoker::kernels {

// Throws InternalError, with the values, unless the geometry's box lies in the image, its grid is
// not empty, and image and output have 1 or 3 channels.
void check_augment(const ImageView& image, const Geometry& geometry, const OutputView& output);

// One image into image `index` of the output batch, on the calling thread, checked. The bits do not
// depend on `level`. Working memory is kept from call to call, per thread: about 100 KiB for
// photographs.
void augment(const ImageView& image, const Geometry& geometry, const Normalization& normalization,
             const OutputView& output, int64_t index, CpuLevel level = cpu_level());

#if STOKER_HAS_CUDA
// `count` images at once, unchecked. All pointers are device pointers (images' pixels too).
// `stream` is a cudaStream_t. Returns the cudaError_t of the launch.
int augment_cuda(const ImageView* images, const Geometry* geometries, int64_t count,
                 const Normalization& normalization, const OutputView& output, void* stream);
#endif

}  // namespace stoker::kernels

// The fused augmentation pass on tensors, for what holds its images in tensors already: tests,
// previews, the images a model is initialised from. Training goes through ops/batch.h.
//
//   at::Tensor batch = augment({images}, {geometries}, pipeline.normalization(),
//                              {.width = 224, .height = 224, .dtype = at::kBFloat16});
#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "stoker/kernels/image.h"
#include "stoker/kernels/program.h"

namespace stoker::ops {

struct AugmentOutput {
  int32_t width = 0;
  int32_t height = 0;
  int32_t channels = 3;
  at::ScalarType dtype = at::kFloat;
};

// images: uint8 [height, width, channels] each, contiguous, all on one device, of any sizes; at
// least one. programs: one an image, or none at all. Returns [N, channels, height, width] in
// channels_last on that device; on CUDA the work is queued on the current stream. Throws
// InternalError with the values that do not fit.
at::Tensor augment(std::span<const at::Tensor> images,
                   std::span<const kernels::Geometry> geometries,
                   const kernels::Normalization& normalization, const AugmentOutput& output,
                   std::span<const kernels::Program> programs = {});

// The tensor's pixels; checks dtype, shape and contiguity.
kernels::ImageView image_view(const at::Tensor& image);

}  // namespace stoker::ops

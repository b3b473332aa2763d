// What the movers of all devices share. Inside ops only.
#pragma once

#include <memory>

#include "stoker/ops/batch.h"

namespace stoker::ops {

// Throws InternalError unless the batch's counts and sizes agree.
void check_batch(const loader::Batch& batch, at::ScalarType dtype);

// [N, C, H, W] over the batch's augmented pixels, without a copy. The tensor holds `batch` where
// `keeps_batch`, else the caller does.
at::Tensor augmented_images(const std::shared_ptr<loader::Batch>& batch, at::ScalarType dtype,
                            bool keeps_batch);

// Labels in host memory, pinned where asked.
at::Tensor host_labels(const loader::Batch& batch, bool pinned);

#if STOKER_HAS_CUDA
std::unique_ptr<BatchMover> cuda_batch_mover(at::Device device,
                                             const kernels::Normalization& normalization,
                                             at::ScalarType dtype);
loader::BatchMemory& pinned_memory();
#endif

}  // namespace stoker::ops

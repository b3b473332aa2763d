// From the loader's batches to tensors on the training device.
//
//   loader::Loader loader(dataset, pipeline, options, batch_memory(device), source);
//   std::unique_ptr<BatchMover> mover = batch_mover(device, pipeline->normalization(), dtype);
//   while (auto batch = loader.next()) {
//     TensorBatch tensors = mover->move(std::move(batch));
//     model->forward(tensors.images);
//   }
//
// On the CPU the images are the loader's own buffer, which goes back to the loader with the last
// tensor that shares it. On CUDA, copies and the augmentation
// are queued on the current stream and the host waits for neither; a buffer goes back once its copy
// is done.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "stoker/kernels/image.h"
#include "stoker/loader/loader.h"

namespace stoker::ops {

struct TensorBatch {
  at::Tensor images;                  // [N, C, H, W] in channels_last, of the mover's dtype
  at::Tensor labels;                  // [N] int64
  std::vector<int64_t> samples = {};  // indices into the data set, on the host
  at::Tensor targets = {};            // [N, classes] float32 where images may have several labels
};

// For one thread. May hold batches.
class BatchMover {
 public:
  virtual ~BatchMover() = default;
  // Of either stage. Throws InternalError when the batch's sizes and counts do not agree.
  virtual TensorBatch move(std::unique_ptr<loader::Batch> batch) = 0;
};

// normalization is used for batches of Stage::kDecoded alone; dtype (float32, bfloat16, float16) is
// that of the loader's options for Stage::kAugmented. Throws DeviceError for a device that this
// build cannot use.
std::unique_ptr<BatchMover> batch_mover(at::Device device,
                                        const kernels::Normalization& normalization,
                                        at::ScalarType dtype);

// Memory for the loader whose batches go to `device`: pinned for CUDA, else plain.
loader::BatchMemory& batch_memory(at::Device device);

}  // namespace stoker::ops

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/Event.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <deque>

#include "stoker/core/error.h"
#include "stoker/core/text.h"
#include "stoker/kernels/run_program.h"
#include "stoker/ops/batch_parts.h"
#include "stoker/ops/launch.h"
#include "stoker/ops/pixels.h"

namespace stoker::ops {
namespace {

class PinnedMemory : public loader::BatchMemory {
 public:
  void* allocate(size_t bytes) override {
    void* memory = nullptr;
    const cudaError_t status = cudaHostAlloc(&memory, bytes, cudaHostAllocPortable);
    if (status != cudaSuccess) {
      cudaGetLastError();  // or the next launch would report it
      throw OutOfMemory(
          fmt::format("No {} of page-locked memory for a batch ({}); lower data.prefetch_mib or "
                      "the batch size.",
                      human_bytes(bytes), cudaGetErrorString(status)));
    }
    return memory;
  }
  void release(void* memory, size_t) override { cudaFreeHost(memory); }
};

// A batch whose pixels are still being copied.
struct Copying {
  c10::Event done{c10::DeviceType::CUDA};
  std::shared_ptr<loader::Batch> batch;
};

class CudaBatchMover : public BatchMover {
 public:
  CudaBatchMover(at::Device device, const kernels::Normalization& normalization,
                 at::ScalarType dtype)
      : device_(device), normalization_(normalization), dtype_(dtype) {}

  ~CudaBatchMover() override {
    for (Copying& copying : copying_) copying.done.synchronize();
  }

  TensorBatch move(std::unique_ptr<loader::Batch> owned) override {
    const c10::cuda::CUDAGuard guard(device_);
    give_back(kMostCopying - 1);
    const std::shared_ptr<loader::Batch> batch = std::move(owned);
    check_batch(*batch, dtype_);
    at::Tensor labels = host_labels(*batch, /*pinned=*/true).to(device_, at::kLong, true);
    if (batch->images.empty()) {
      at::Tensor images = augmented_images(batch, dtype_, /*keeps_batch=*/false)
                              .to(device_, dtype_, /*non_blocking=*/true);
      keep_until_copied(batch);
      return {std::move(images), std::move(labels), batch->samples};
    }
    return {augmented(batch), std::move(labels), batch->samples};
  }

 private:
  // More would only hold memory that the loader could fill.
  static constexpr size_t kMostCopying = 2;

  at::Tensor augmented(const std::shared_ptr<loader::Batch>& batch) {
    at::Tensor images =
        empty_images(batch->count, batch->channels, batch->height, batch->width, dtype_, device_);
    const auto bytes = static_cast<int64_t>(batch->pixels_bytes);
    const at::Tensor pixels = at::from_blob(batch->pixels, {bytes}, at::TensorOptions(at::kByte))
                                  .to(device_, at::kByte, /*non_blocking=*/true);
    keep_until_copied(batch);
    const auto* host = static_cast<const uint8_t*>(batch->pixels);
    const kernels::OutputView output = output_view(images);
    std::vector<kernels::ImageView> views = batch->images;
    for (size_t i = 0; i < views.size(); ++i) {
      kernels::check_augment(views[i], batch->geometries[i], output);
      if (!batch->programs.empty()) kernels::check_program(batch->programs[i], output);
      const int64_t at = views[i].pixels - host;
      STOKER_CHECK(at >= 0 && at + views[i].row_bytes * views[i].height <= bytes,
                   "image {} of {} rows of {} bytes begins at {} of {} bytes", i, views[i].height,
                   views[i].row_bytes, at, bytes);
      views[i].pixels = pixels.const_data_ptr<uint8_t>() + at;
    }
    augment_on_cuda(views, batch->geometries, batch->programs, normalization_, images);
    return images;
  }

  void keep_until_copied(const std::shared_ptr<loader::Batch>& batch) {
    Copying& copying = copying_.emplace_back();
    copying.batch = batch;
    copying.done.record(c10::cuda::getCurrentCUDAStream(device_.index()));
  }

  // Those whose copy is done, and the oldest of the others until `most` are left.
  void give_back(size_t most) {
    while (!copying_.empty() && (copying_.size() > most || copying_.front().done.query())) {
      copying_.front().done.synchronize();
      copying_.pop_front();
    }
  }

  at::Device device_;
  kernels::Normalization normalization_;
  at::ScalarType dtype_;
  std::deque<Copying> copying_;
};

}  // namespace

std::unique_ptr<BatchMover> cuda_batch_mover(at::Device device,
                                             const kernels::Normalization& normalization,
                                             at::ScalarType dtype) {
  return std::make_unique<CudaBatchMover>(device, normalization, dtype);
}

loader::BatchMemory& pinned_memory() {
  static PinnedMemory memory;
  return memory;
}

}  // namespace stoker::ops

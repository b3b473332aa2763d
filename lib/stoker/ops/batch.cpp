#include "stoker/ops/batch.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>

#include "stoker/core/error.h"
#include "stoker/ops/batch_parts.h"
#include "stoker/ops/launch.h"
#include "stoker/ops/pixels.h"

namespace stoker::ops {
namespace {

class CpuBatchMover : public BatchMover {
 public:
  CpuBatchMover(const kernels::Normalization& normalization, at::ScalarType dtype)
      : normalization_(normalization), dtype_(dtype) {}

  TensorBatch move(std::unique_ptr<loader::Batch> owned) override {
    const std::shared_ptr<loader::Batch> batch = std::move(owned);
    check_batch(*batch, dtype_);
    at::Tensor labels = host_labels(*batch, /*pinned=*/false);
    if (batch->images.empty())
      return {augmented_images(batch, dtype_, /*keeps_batch=*/true), std::move(labels),
              batch->samples};
    at::Tensor images =
        empty_images(batch->count, batch->channels, batch->height, batch->width, dtype_, at::kCPU);
    augment_on_cpu(batch->images, batch->geometries, batch->programs, normalization_, images);
    return {std::move(images), std::move(labels), batch->samples};
  }

 private:
  kernels::Normalization normalization_;
  at::ScalarType dtype_;
};

[[noreturn]] void refuse(at::Device device) {
  throw DeviceError(fmt::format(
      "This build of stoker cannot bring images to the device {}; use device=cpu{}.", device.str(),
      STOKER_HAS_CUDA ? " or a CUDA device" : ", or build with STOKER_CUDA=ON"));
}

}  // namespace

void check_batch(const loader::Batch& batch, at::ScalarType dtype) {
  const auto count = static_cast<size_t>(batch.count);
  STOKER_CHECK(batch.count >= 0 && batch.labels.size() == count, "count={} labels={}", batch.count,
               batch.labels.size());
  STOKER_CHECK(batch.width >= 0 && batch.height >= 0 && batch.channels >= 0 &&
                   (count == 0 || batch.width * batch.height * batch.channels > 0),
               "count={} width={} height={} channels={}", batch.count, batch.width, batch.height,
               batch.channels);
  if (!batch.images.empty()) {
    STOKER_CHECK(batch.images.size() == count && batch.geometries.size() == count &&
                     (batch.programs.empty() || batch.programs.size() == count),
                 "count={} images={} geometries={} programs={}", batch.count, batch.images.size(),
                 batch.geometries.size(), batch.programs.size());
    return;
  }
  const uint64_t needed = count * static_cast<uint64_t>(batch.width) *
                          static_cast<uint64_t>(batch.height) *
                          static_cast<uint64_t>(batch.channels) * c10::elementSize(dtype);
  STOKER_CHECK(batch.pixels_bytes >= needed && (batch.pixels != nullptr || needed == 0),
               "count={} width={} height={} channels={} dtype={} pixels_bytes={}", batch.count,
               batch.width, batch.height, batch.channels, c10::toString(dtype), batch.pixels_bytes);
}

at::Tensor augmented_images(const std::shared_ptr<loader::Batch>& batch, at::ScalarType dtype,
                            bool keeps_batch) {
  if (batch->count == 0)
    return empty_images(0, batch->channels, batch->height, batch->width, dtype, at::kCPU);
  const auto owner = keeps_batch ? batch : nullptr;
  return channels_first(at::from_blob(
      batch->pixels, {batch->count, batch->height, batch->width, batch->channels},
      [owner](void*) {}, at::TensorOptions(dtype)));
}

at::Tensor host_labels(const loader::Batch& batch, bool pinned) {
  at::Tensor labels = at::empty({batch.count}, at::TensorOptions(at::kLong).pinned_memory(pinned));
  std::copy(batch.labels.begin(), batch.labels.end(), labels.data_ptr<int64_t>());
  return labels;
}

std::unique_ptr<BatchMover> batch_mover(at::Device device,
                                        const kernels::Normalization& normalization,
                                        at::ScalarType dtype) {
  pixel_type(dtype);  // throws for the others
  if (device.is_cpu()) return std::make_unique<CpuBatchMover>(normalization, dtype);
#if STOKER_HAS_CUDA
  if (device.is_cuda()) return cuda_batch_mover(device, normalization, dtype);
#endif
  refuse(device);
}

loader::BatchMemory& batch_memory(at::Device device) {
#if STOKER_HAS_CUDA
  if (device.is_cuda()) return pinned_memory();
#endif
  if (!device.is_cpu()) refuse(device);
  return loader::plain_memory();
}

#if !STOKER_HAS_CUDA
void augment_on_cuda(std::span<const kernels::ImageView>, std::span<const kernels::Geometry>,
                     std::span<const kernels::Program>, const kernels::Normalization&,
                     const at::Tensor& output) {
  refuse(output.device());
}
#endif

}  // namespace stoker::ops

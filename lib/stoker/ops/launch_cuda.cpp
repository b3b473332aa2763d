#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <cstring>

#include "stoker/core/error.h"
#include "stoker/kernels/augment.h"
#include "stoker/ops/launch.h"
#include "stoker/ops/pixels.h"

namespace stoker::ops {

void augment_on_cuda(std::span<const kernels::ImageView> images,
                     std::span<const kernels::Geometry> geometries,
                     const kernels::Normalization& normalization, const at::Tensor& output) {
  const c10::cuda::CUDAGuard guard(output.device());
  // Both tables in one pinned block: one copy, and the allocator keeps the block until it is done.
  const auto view_bytes = static_cast<int64_t>(images.size_bytes());
  const auto geometry_bytes = static_cast<int64_t>(geometries.size_bytes());
  static_assert(sizeof(kernels::ImageView) % alignof(kernels::Geometry) == 0);
  const at::Tensor staged =
      at::empty({view_bytes + geometry_bytes}, at::TensorOptions(at::kByte).pinned_memory(true));
  std::memcpy(staged.data_ptr(), images.data(), images.size_bytes());
  std::memcpy(staged.data_ptr<uint8_t>() + view_bytes, geometries.data(), geometries.size_bytes());
  const at::Tensor tables = staged.to(output.device(), at::kByte, /*non_blocking=*/true);
  const uint8_t* first = tables.const_data_ptr<uint8_t>();
  const int status =
      kernels::augment_cuda(reinterpret_cast<const kernels::ImageView*>(first),
                            reinterpret_cast<const kernels::Geometry*>(first + view_bytes),
                            static_cast<int64_t>(images.size()), normalization, output_view(output),
                            c10::cuda::getCurrentCUDAStream(output.device().index()).stream());
  if (status != cudaSuccess)
    throw DeviceError(fmt::format("The augmentation kernel could not be launched on {}: {}.",
                                  output.device().str(),
                                  cudaGetErrorString(static_cast<cudaError_t>(status))));
}

}  // namespace stoker::ops

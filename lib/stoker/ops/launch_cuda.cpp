#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <cstring>

#include "stoker/core/error.h"
#include "stoker/kernels/run_program.h"
#include "stoker/ops/launch.h"
#include "stoker/ops/pixels.h"

namespace stoker::ops {
namespace {

// What describes the images, on the device: one pinned block, so one copy; the allocator keeps the
// block until it is done.
struct Tables {
  at::Tensor block;
  const kernels::ImageView* images = nullptr;
  const kernels::Geometry* geometries = nullptr;
  kernels::Program* programs = nullptr;
};

template <class T>
T* place(std::span<const T> values, const at::Tensor& staged, const at::Tensor& block,
         int64_t& offset) {
  constexpr int64_t kAlignment = 16;
  static_assert(alignof(T) <= kAlignment);
  if (!values.empty())
    std::memcpy(staged.data_ptr<uint8_t>() + offset, values.data(), values.size_bytes());
  T* on_device = reinterpret_cast<T*>(block.data_ptr<uint8_t>() + offset);
  const auto bytes = static_cast<int64_t>(values.size_bytes());
  offset += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  return on_device;
}

Tables to_device(std::span<const kernels::ImageView> images,
                 std::span<const kernels::Geometry> geometries,
                 std::span<const kernels::Program> programs, at::Device device) {
  constexpr int64_t kGaps = 64;  // between the tables, for alignment
  const auto bytes =
      static_cast<int64_t>(images.size_bytes() + geometries.size_bytes() + programs.size_bytes()) +
      kGaps;
  const at::TensorOptions byte(at::kByte);
  const at::Tensor staged = at::empty({bytes}, byte.pinned_memory(true));
  Tables tables{at::empty({bytes}, byte.device(device))};
  int64_t offset = 0;
  tables.images = place(images, staged, tables.block, offset);
  tables.geometries = place(geometries, staged, tables.block, offset);
  tables.programs = place(programs, staged, tables.block, offset);
  tables.block.copy_(staged, /*non_blocking=*/true);
  return tables;
}

// Memory between the passes; goes back to the allocator in the order of the stream.
struct ScratchTensors {
  at::Tensor pixels, tables;
  kernels::ProgramScratch scratch;
};

ScratchTensors scratch_for(const at::Tensor& output, int32_t passes) {
  ScratchTensors memory;
  const at::TensorOptions byte = at::TensorOptions(at::kByte).device(output.device());
  const int64_t buffers = passes > 2 ? 2 : passes - 1;
  if (buffers == 0) return memory;
  memory.pixels = at::empty({buffers, output.numel()}, byte);
  memory.tables = at::empty({output.size(0), kernels::ProgramScratch::kTableBytes}, byte);
  auto* first = memory.pixels.data_ptr<uint8_t>();
  memory.scratch = {{first, first + (buffers - 1) * output.numel()},
                    memory.tables.data_ptr<uint8_t>()};
  return memory;
}

}  // namespace

void augment_on_cuda(std::span<const kernels::ImageView> images,
                     std::span<const kernels::Geometry> geometries,
                     std::span<const kernels::Program> programs,
                     const kernels::Normalization& normalization, const at::Tensor& output) {
  const c10::cuda::CUDAGuard guard(output.device());
  const Tables tables = to_device(images, geometries, programs, output.device());
  const auto count = static_cast<int64_t>(images.size());
  void* stream = c10::cuda::getCurrentCUDAStream(output.device().index()).stream();
  int status = cudaSuccess;
  if (programs.empty()) {
    status = kernels::augment_cuda(tables.images, tables.geometries, count, normalization,
                                   output_view(output), stream);
  } else {
    const int32_t passes = kernels::most_passes(programs.data(), count);
    const ScratchTensors memory = scratch_for(output, passes);
    status = kernels::augment_cuda(tables.images, tables.geometries, tables.programs, count, passes,
                                   memory.scratch, normalization, output_view(output), stream);
  }
  if (status != cudaSuccess)
    throw DeviceError(fmt::format("The augmentation kernel could not be launched on {}: {}.",
                                  output.device().str(),
                                  cudaGetErrorString(static_cast<cudaError_t>(status))));
}

}  // namespace stoker::ops

#include <cuda_runtime.h>

#include "stoker/kernels/augment.h"
#include "stoker/kernels/augment_body.h"

namespace stoker::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kMaxGridY = 65535;

// One thread per output pixel; blocks along y step over the images of the batch.
__global__ void augment_kernel(const ImageView* images, const Geometry* geometries, int64_t count,
                               Normalization normalization, OutputView output) {
  const int32_t pixel = static_cast<int32_t>(blockIdx.x * kThreads + threadIdx.x);
  if (pixel >= output.width * output.height) return;
  const int32_t y = pixel / output.width;
  const int32_t x = pixel - y * output.width;
  for (int64_t index = blockIdx.y; index < count; index += gridDim.y)
    augment_pixel(images[index], geometries[index], normalization, output, index, x, y);
}

}  // namespace

int augment_cuda(const ImageView* images, const Geometry* geometries, int64_t count,
                 const Normalization& normalization, const OutputView& output, void* stream) {
  const int64_t pixels = int64_t{output.width} * output.height;
  if (count == 0 || pixels == 0) return cudaSuccess;
  const dim3 grid(static_cast<unsigned>((pixels + kThreads - 1) / kThreads),
                  static_cast<unsigned>(count < kMaxGridY ? count : kMaxGridY));
  augment_kernel<<<grid, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(
      images, geometries, count, normalization, output);
  return cudaGetLastError();
}

}  // namespace stoker::kernels

#include <cuda_runtime.h>

#include "stoker/kernels/run_program.h"

namespace stoker::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kMostBlocks = 65535;

// One thread per output pixel; blocks along y step over the images of the batch.
__global__ void program_kernel(const ImageView* images, const Geometry* geometries,
                               const Program* programs, int64_t count, int32_t number,
                               ProgramScratch scratch, Normalization normalization,
                               OutputView output) {
  const int32_t pixel = static_cast<int32_t>(blockIdx.x * kThreads + threadIdx.x);
  if (pixel >= output.width * output.height) return;
  const int32_t y = pixel / output.width;
  const int32_t x = pixel - y * output.width;
  for (int64_t index = blockIdx.y; index < count; index += gridDim.y)
    program_pixel(images[index], geometries[index], programs[index], number, scratch, normalization,
                  output, index, x, y);
}

__device__ void count_pixels(const ImageView& image, Counts& counts) {
  const int32_t pixels = image.width * image.height;
  uint64_t gray_sum = 0;
  for (int32_t i = static_cast<int32_t>(threadIdx.x); i < pixels; i += kThreads) {
    const uint8_t* in = image.pixels + int64_t{i} * image.channels;
    Pixel pixel;
    for (int32_t c = 0; c < image.channels; ++c) {
      pixel.channel[c] = in[c];
      atomicAdd(&counts.histogram[c][in[c]], 1u);
    }
    const float gray = image.channels == 1 ? pixel.channel[0] : gray_of(pixel);
    gray_sum += static_cast<uint64_t>(gray);
  }
  atomicAdd(reinterpret_cast<unsigned long long*>(&counts.gray_sum),
            static_cast<unsigned long long>(gray_sum));
}

// One block per image whose pass `number` begins with a measured op: what the pass before wrote is
// counted and the op gets its parameters.
__global__ void measure_kernel(Program* programs, int64_t count, int32_t number,
                               ProgramScratch scratch, OutputView output) {
  __shared__ Counts counts;
  for (int64_t index = blockIdx.x; index < count; index += gridDim.x) {
    Program& program = programs[index];
    if (number >= pass_count(program)) continue;
    const Pass pass = pass_of(program, number);
    if (pass.read >= 0) continue;
    const ImageView before = scratch_view(scratch.pixels[(number - 1) % 2], output, index);
    for (int i = static_cast<int>(threadIdx.x); i < 3 * 256; i += kThreads)
      counts.histogram[i / 256][i % 256] = 0;
    if (threadIdx.x == 0) {
      counts.gray_sum = 0;
      counts.pixels = int64_t{output.width} * output.height;
    }
    __syncthreads();
    count_pixels(before, counts);
    __syncthreads();
    if (threadIdx.x == 0)
      finish(counts, output.channels, program.ops[pass.first],
             scratch.tables + ProgramScratch::kTableBytes * index);
    __syncthreads();
  }
}

unsigned blocks_for(int64_t count) {
  return static_cast<unsigned>(count < kMostBlocks ? count : kMostBlocks);
}

}  // namespace

int augment_cuda(const ImageView* images, const Geometry* geometries, Program* programs,
                 int64_t count, int32_t passes, const ProgramScratch& scratch,
                 const Normalization& normalization, const OutputView& output, void* stream) {
  const int64_t pixels = int64_t{output.width} * output.height;
  if (count == 0 || pixels == 0) return cudaSuccess;
  const auto queue = static_cast<cudaStream_t>(stream);
  const dim3 grid(static_cast<unsigned>((pixels + kThreads - 1) / kThreads), blocks_for(count));
  for (int32_t number = 0; number < passes; ++number) {
    if (number > 0)
      measure_kernel<<<blocks_for(count), kThreads, 0, queue>>>(programs, count, number, scratch,
                                                                output);
    program_kernel<<<grid, kThreads, 0, queue>>>(images, geometries, programs, count, number,
                                                 scratch, normalization, output);
  }
  return cudaGetLastError();
}

}  // namespace stoker::kernels

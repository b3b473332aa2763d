// Vectors on the device, for tests with the tag [gpu].
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <vector>

#include "random_image.h"
#include "support/catch.h"

namespace stoker::test {

struct CudaFree {
  void operator()(void* memory) const { cudaFree(memory); }
};
template <class T>
using DeviceMemory = std::unique_ptr<T, CudaFree>;

template <class T>
DeviceMemory<T> to_device(const std::vector<T>& values) {
  void* memory = nullptr;
  REQUIRE(cudaMalloc(&memory, values.size() * sizeof(T)) == cudaSuccess);
  REQUIRE(cudaMemcpy(memory, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice) ==
          cudaSuccess);
  return DeviceMemory<T>(static_cast<T*>(memory));
}

// `count` values back from the device.
template <class T>
std::vector<T> from_device(const DeviceMemory<T>& memory, size_t count) {
  std::vector<T> values(count);
  REQUIRE(cudaMemcpy(values.data(), memory.get(), count * sizeof(T), cudaMemcpyDeviceToHost) ==
          cudaSuccess);
  return values;
}

// Images whose pixels are on the device, and views of them there.
struct DeviceImages {
  std::vector<DeviceMemory<uint8_t>> pixels;
  std::vector<kernels::ImageView> views;

  void add(const Image& image) {
    pixels.push_back(to_device(image.bytes));
    views.push_back(image.view);
    views.back().pixels = pixels.back().get();
  }
};

// Says so where there is none.
inline bool no_device() {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0) return false;
  WARN("skipped: no CUDA device");
  return true;
}

}  // namespace stoker::test

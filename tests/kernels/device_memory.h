// Vectors on the device, for tests with the tag [gpu].
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <vector>

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

}  // namespace stoker::test

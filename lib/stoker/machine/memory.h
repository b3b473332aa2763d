// How much memory a run holds.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace stoker::machine {

// GiB: on a GPU what LibTorch's allocator has reserved there, on the CPU the resident set.
double memory_gib(c10::Device device);
// The most bytes that tensors held at once since the process began; on the CPU of large blocks
// (ops/cpu_memory.h).
int64_t peak_tensor_bytes(c10::Device device);

}  // namespace stoker::machine

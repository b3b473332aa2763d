// The CUDA part of memory_meter.h, in builds that have it.
#pragma once

#include "stoker/ops/memory_meter.h"

namespace stoker::ops {

DeviceMemory cuda_memory(c10::Device device);
// The limit, or what the device has free beside what the allocator has reserved.
int64_t usable_cuda_bytes(c10::Device device);
void reset_cuda_peak(c10::Device device);
void return_cached_cuda_memory(c10::Device device);
void set_cuda_limit(c10::Device device, std::optional<int64_t> bytes);
void grow_cuda_segments();

}  // namespace stoker::ops

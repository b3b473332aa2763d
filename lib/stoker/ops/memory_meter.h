// How much of a device's memory tensors hold, and how much they may: one interface for the CPU
// (cpu_memory.h) and CUDA. What counts is what LibTorch's allocators hand out, not what the process
// has in residence.
//
//   reset_peak(device);
//   …
//   const int64_t step_bytes = device_memory(device).peak_bytes;
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>

namespace stoker::ops {

struct DeviceMemory {
  int64_t live_bytes = 0;              // in use by tensors
  int64_t peak_bytes = 0;              // the most that was, since reset_peak()
  int64_t cached_bytes = 0;            // kept by the allocator for reuse
  std::optional<int64_t> limit_bytes;  // that was set
};
// Zeros for a GPU that has not been used yet.
DeviceMemory device_memory(c10::Device device);

// What tensors may hold in all: the limit, or what they hold and what the device has left.
int64_t usable_bytes(c10::Device device);

void reset_peak(c10::Device device);
// What is kept for reuse goes back to the system, for other sizes or other processes.
void return_cached(c10::Device device);

// An allocation beyond it fails as on a full device; on CUDA it bounds what the allocator reserves.
// Nothing: what the device has.
void set_memory_limit(c10::Device device, std::optional<int64_t> bytes);

// CUDA's allocator grows its segments from now on in place of making new ones; other settings, as
// those of PYTORCH_ALLOC_CONF, stay. Before the first use of a GPU. Does nothing elsewhere.
void use_expandable_segments(c10::Device device);

}  // namespace stoker::ops

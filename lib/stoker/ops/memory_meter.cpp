#include "stoker/ops/memory_meter.h"

#include "stoker/core/cpu.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/ops/cuda_memory.h"

namespace stoker::ops {

DeviceMemory device_memory(c10::Device device) {
#if STOKER_HAS_CUDA
  if (device.is_cuda()) return cuda_memory(device);
#endif
  const CpuMemory memory = cpu_memory();
  DeviceMemory result{.live_bytes = memory.live_bytes,
                      .peak_bytes = memory.peak_bytes,
                      .cached_bytes = memory.cached_bytes,
                      .limit_bytes = std::nullopt};
  if (cpu_limit() != kNoLimit) result.limit_bytes = cpu_limit();
  return result;
}

int64_t usable_bytes(c10::Device device) {
#if STOKER_HAS_CUDA
  if (device.is_cuda()) return usable_cuda_bytes(device);
#endif
  const DeviceMemory memory = device_memory(device);
  if (memory.limit_bytes) return *memory.limit_bytes;
  return memory.live_bytes + memory.cached_bytes + static_cast<int64_t>(free_memory_bytes());
}

void reset_peak(c10::Device device) {
#if STOKER_HAS_CUDA
  if (device.is_cuda()) return reset_cuda_peak(device);
#endif
  reset_cpu_peak();
}

void return_cached(c10::Device device) {
#if STOKER_HAS_CUDA
  if (device.is_cuda()) return return_cached_cuda_memory(device);
#endif
  return_cached_cpu_memory();
}

void set_memory_limit(c10::Device device, std::optional<int64_t> bytes) {
#if STOKER_HAS_CUDA
  if (device.is_cuda()) return set_cuda_limit(device, bytes);
#endif
  set_cpu_limit(bytes.value_or(kNoLimit));
}

void use_expandable_segments(c10::Device device) {
#if STOKER_HAS_CUDA
  if (device.is_cuda()) grow_cuda_segments();
#else
  (void)device;
#endif
}

}  // namespace stoker::ops

#include "stoker/ops/cuda_memory.h"

#include <ATen/Context.h>
#include <c10/core/AllocatorConfig.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <string>

namespace stoker::ops {

namespace {

struct Room {
  size_t free_bytes = 0, total_bytes = 0;
};

Room room_on(c10::Device device) {
  const c10::cuda::CUDAGuard guard(device);
  Room room;
  C10_CUDA_CHECK(cudaMemGetInfo(&room.free_bytes, &room.total_bytes));
  return room;
}

std::optional<int64_t> limit_on(c10::Device device) {
  const double fraction = c10::cuda::CUDACachingAllocator::getMemoryFraction(device.index());
  if (fraction >= 1) return std::nullopt;
  return static_cast<int64_t>(fraction * static_cast<double>(room_on(device).total_bytes));
}

bool is_unused() { return !c10::cuda::CUDACachingAllocator::get()->initialized(); }

}  // namespace

DeviceMemory cuda_memory(c10::Device device) {
  if (is_unused()) return {};
  constexpr size_t kAll = 0;  // of the small and the large pool
  const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index());
  return {.live_bytes = stats.allocated_bytes[kAll].current,
          .peak_bytes = stats.allocated_bytes[kAll].peak,
          .cached_bytes = stats.reserved_bytes[kAll].current - stats.allocated_bytes[kAll].current,
          .limit_bytes = limit_on(device)};
}

int64_t usable_cuda_bytes(c10::Device device) {
  const DeviceMemory memory = cuda_memory(device);
  const int64_t free = static_cast<int64_t>(room_on(device).free_bytes);
  return std::min(memory.limit_bytes.value_or(INT64_MAX),
                  memory.live_bytes + memory.cached_bytes + free);
}

void reset_cuda_peak(c10::Device device) {
  if (!is_unused()) c10::cuda::CUDACachingAllocator::resetPeakStats(device.index());
}

void return_cached_cuda_memory(c10::Device) {
  if (!is_unused()) c10::cuda::CUDACachingAllocator::emptyCache();
}

void set_cuda_limit(c10::Device device, std::optional<int64_t> bytes) {
  if (!bytes && is_unused()) return;
  at::globalContext().lazyInitDevice(c10::kCUDA);
  const double share =
      bytes ? static_cast<double>(*bytes) / static_cast<double>(room_on(device).total_bytes) : 1;
  c10::cuda::CUDACachingAllocator::setMemoryFraction(std::min(share, 1.0), device.index());
}

void grow_cuda_segments() {
  std::string settings = c10::CachingAllocator::getAllocatorSettings();
  if (!settings.empty()) settings += ",";
  c10::CachingAllocator::setAllocatorSettings(settings + "expandable_segments:True");
}

}  // namespace stoker::ops

#include "stoker/machine/memory.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <unistd.h>

#include <fstream>

#include "stoker/ops/cpu_memory.h"

namespace stoker::machine {

namespace {
constexpr double kGib = 1024.0 * 1024.0 * 1024.0;

double resident_gib() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0, resident_pages = 0;
  statm >> pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / kGib;
}

// All zero before the device's first use.
c10::CachingDeviceAllocator::DeviceStats device_stats(c10::Device device) {
  auto* allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  if (allocator == nullptr || !allocator->initialized()) return {};
  return allocator->getDeviceStats(device.index());
}
}  // namespace

double memory_gib(c10::Device device) {
  if (device.is_cpu()) return resident_gib();
  return static_cast<double>(device_stats(device).reserved_bytes[0].current) / kGib;
}

int64_t peak_tensor_bytes(c10::Device device) {
  if (device.is_cpu()) return static_cast<int64_t>(ops::cpu_memory().peak_bytes);
  return device_stats(device).allocated_bytes[0].peak;
}

}  // namespace stoker::machine

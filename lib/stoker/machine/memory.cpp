#include "stoker/machine/memory.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <unistd.h>

#include <fstream>

#include "stoker/core/units.h"

namespace stoker::machine {

namespace {

double resident_gib() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0, resident_pages = 0;
  statm >> pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / kGib;
}
}  // namespace

double memory_gib(c10::Device device) {
  if (device.is_cpu()) return resident_gib();
  auto* allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  if (allocator == nullptr || !allocator->initialized()) return 0;
  const c10::CachingDeviceAllocator::DeviceStats stats = allocator->getDeviceStats(device.index());
  return static_cast<double>(stats.reserved_bytes[0].current) / kGib;
}

}  // namespace stoker::machine

#include "stoker/sweep/slots.h"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "stoker/core/cpu.h"
#include "stoker/search/axis.h"

namespace stoker::sweep {

namespace {

// Of the affinity mask, cut to what a quota lets run at once.
std::vector<int> cpus_of_process() {
  std::vector<int> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(static_cast<size_t>(cpu), &set)) cpus.push_back(cpu);
  cpus.resize(std::min(cpus.size(), static_cast<size_t>(usable_cpus())));
  return cpus;
}

std::vector<std::string> cuda_devices() {
  std::vector<std::string> devices;
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES")) {
    devices = search::split_list(visible);
    std::erase(devices, "");
    return devices;
  }
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", none)) {
    if (entry.is_directory(none)) devices.push_back(std::to_string(devices.size()));
  }
  return devices;
}

}  // namespace

Machine this_machine() { return {.cpus = cpus_of_process(), .devices = cuda_devices()}; }

std::vector<Slot> divide(const Machine& machine, int jobs) {
  const auto count = static_cast<size_t>(jobs);
  std::vector<Slot> slots(count);
  const size_t cpus = machine.cpus.size();
  for (size_t i = 0; i < count; ++i) {
    if (count > 1 && cpus >= count) {
      const auto begin = machine.cpus.begin();
      slots[i].cpus.assign(begin + static_cast<std::ptrdiff_t>(i * cpus / count),
                           begin + static_cast<std::ptrdiff_t>((i + 1) * cpus / count));
    }
    if (machine.devices.size() > 1) slots[i].device = machine.devices[i % machine.devices.size()];
  }
  return slots;
}

}  // namespace stoker::sweep

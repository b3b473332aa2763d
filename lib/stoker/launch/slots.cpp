#include "stoker/launch/slots.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "stoker/core/cpu.h"

namespace stoker::launch {

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
    std::istringstream list(visible);
    for (std::string device; std::getline(list, device, ',');)
      if (!device.empty()) devices.push_back(device);
    return devices;
  }
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", none)) {
    if (entry.is_directory(none)) devices.push_back(std::to_string(devices.size()));
  }
  return devices;
}

// The number in a small file of /sys; `otherwise` where there is none.
int number_in(const std::filesystem::path& file, int otherwise) {
  int number = otherwise;
  std::ifstream(file) >> number;
  return number;
}

int memory_node(const std::filesystem::path& cpu) {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(cpu, none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("node"))
      return static_cast<int>(std::strtol(name.c_str() + 4, nullptr, 10));
  }
  return 0;
}

}  // namespace

std::vector<int> by_topology(std::vector<int> cpus, const std::filesystem::path& root) {
  std::map<int, std::array<int, 4>> order;
  for (const int cpu : cpus) {
    const auto folder = root / "sys/devices/system/cpu" / ("cpu" + std::to_string(cpu));
    order[cpu] = {memory_node(folder), number_in(folder / "topology/physical_package_id", 0),
                  number_in(folder / "topology/core_id", cpu), cpu};
  }
  std::ranges::sort(cpus, {}, [&](int cpu) { return order.at(cpu); });
  return cpus;
}

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

}  // namespace stoker::launch

// The machine divided among processes that run at the same time: trials of a sweep, ranks of a
// training.
//
//   const std::vector<Slot> slots = divide({.cpus = cpus_of_process(), .devices = cuda_devices()},
//   4);
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace stoker::launch {

struct Slot {
  std::vector<int> cpus;              // empty: all that this process has
  std::optional<std::string> device;  // of CUDA_VISIBLE_DEVICES; none: as this process has it
};

struct Machine {
  std::vector<int> cpus;             // as many as may be used at once
  std::vector<std::string> devices;  // CUDA's, by index or name
};
Machine this_machine();

// The same with those that share a core, and then a memory node, as neighbours. root stands for /
// in tests.
std::vector<int> by_topology(std::vector<int> cpus, const std::filesystem::path& root = "/");

// One slot a job. CPUs are shared out in runs of neighbours; where there are fewer of them than
// jobs, or one job, each has all. With several devices the jobs have one each, in turn.
std::vector<Slot> divide(const Machine& machine, int jobs);

}  // namespace stoker::launch

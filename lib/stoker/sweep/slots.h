// The machine divided among trials that run at the same time.
//
//   const std::vector<Slot> slots = divide({.cpus = cpus_of_process(), .devices = cuda_devices()},
//   4);
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace stoker::sweep {

struct Slot {
  std::vector<int> cpus;              // empty: all that the sweep has
  std::optional<std::string> device;  // of CUDA_VISIBLE_DEVICES; none: as the sweep has it
};

struct Machine {
  std::vector<int> cpus;             // as many as may be used at once
  std::vector<std::string> devices;  // CUDA's, by index or name
};
Machine this_machine();

// One slot a job. CPUs are shared out in runs of neighbours; where there are fewer of them than
// jobs, or one job, each has all. With several devices the jobs have one each, in turn.
std::vector<Slot> divide(const Machine& machine, int jobs);

}  // namespace stoker::sweep

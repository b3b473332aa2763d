// How much of this machine the process may use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace stoker {

// Processors this process may run on at once: the smaller of the affinity mask and the cgroup's CPU
// quota (v1 and v2), at least 1. OMP_NUM_THREADS is not looked at: launchers set it to 1 and would
// starve the loader.
int usable_cpus();

// The tightest CPU quota, in processors (1.5 is possible), of the cgroups that /proc/self/cgroup
// names and of those above them; nothing where there is no limit. `root` stands for / in tests.
std::optional<double> cgroup_cpu_quota(const std::filesystem::path& root = "/");

// Memory that the process could still get: what /proc/meminfo calls available, less where a limit
// on its address space (ulimit -v) leaves less. 0 where that cannot be read.
uint64_t free_memory_bytes();

}  // namespace stoker

// How much of this machine the process may use.
#pragma once

namespace stoker {

// Processors this process may run on at once: the smaller of the affinity mask and the cgroup's CPU
// quota (v1 and v2), at least 1. OMP_NUM_THREADS is not looked at: launchers set it to 1 and would
// starve the loader.
int usable_cpus();

}  // namespace stoker

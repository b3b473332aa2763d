// LibTorch's CPU memory, kept for reuse.
//
// Training frees and takes the same large tensors at each step. By default every one of them is
// mapped and unmapped by the system, and each page is cleared and faulted in again: a fifth of the
// time of a step of airbench on two cores. This keeps blocks of 1 MiB and more, in huge pages, for
// the next tensor of about that size. Together with what is in use, what is kept stays below 1.25
// times the most that was ever in use (and 64 MiB).
#pragma once

#include <cstddef>

namespace stoker::ops {

// From now on, for the whole process. Further calls do nothing.
void keep_cpu_memory();

struct CpuMemory {
  size_t live_bytes = 0;    // in use, of large blocks
  size_t peak_bytes = 0;    // the most that was in use
  size_t cached_bytes = 0;  // kept for reuse
};
CpuMemory cpu_memory();

}  // namespace stoker::ops

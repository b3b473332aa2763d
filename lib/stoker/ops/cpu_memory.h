// LibTorch's CPU memory: counted, capped, and kept for reuse.
//
// Training frees and takes the same large tensors at each step. By default every one of them is
// mapped and unmapped by the system, and each page is cleared and faulted in again: a fifth of the
// time of a step of airbench on two cores. This keeps blocks of 1 MiB and more, in huge pages, for
// the next tensor of about that size (block_cache.h). Together with what is in use, what is kept
// stays below 1.25 times the most that was ever in use (and 64 MiB).
//
// All tensors are counted, by the bytes that they ask for, so that the figures of two runs that are
// the same are the same, whatever blocks are reused. Above the cap an allocation throws
// c10::OutOfMemoryError as that of a full GPU does; the pages that blocks are rounded to come on
// top of it. memory_meter.h has the same for every device.
#pragma once

#include <cstdint>

namespace stoker::ops {

// From now on, for the whole process. Further calls do nothing.
void keep_cpu_memory();

struct CpuMemory {
  int64_t live_bytes = 0;    // in use by tensors
  int64_t peak_bytes = 0;    // the most that was, since reset_cpu_peak()
  int64_t cached_bytes = 0;  // kept for reuse
};
CpuMemory cpu_memory();
void reset_cpu_peak();
void return_cached_cpu_memory();

inline constexpr int64_t kNoLimit = INT64_MAX;
// Of live_bytes.
void set_cpu_limit(int64_t bytes);
int64_t cpu_limit();

// While it lives, tensors of the calling thread may pass the cap: for work that must not stop half
// done and takes a few scalars, and for counting what a run would need.
class PassCpuLimit {
 public:
  PassCpuLimit();
  ~PassCpuLimit();
  PassCpuLimit(const PassCpuLimit&) = delete;
  PassCpuLimit& operator=(const PassCpuLimit&) = delete;
};

// For tests: the k-th allocation from now, from 1, fails as one above the cap; 0: none does. Those
// that may pass the cap do not count.
void fail_cpu_allocation(int64_t k);
// How many allocations are left until that one; 0 when it has failed.
int64_t allocations_until_failure();

}  // namespace stoker::ops

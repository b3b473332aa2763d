// Large blocks of the system's memory, in huge pages, kept for the next tensor of about their size.
// The store behind ops/cpu_memory.h, which counts what tensors asked for; here whole blocks count.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>

namespace stoker::ops {

inline constexpr size_t kHugePage = size_t{2} << 20;  // bytes

// For any number of threads.
class BlockCache {
 public:
  // A block of `wanted` bytes or more, or null where the system has no more. Together with
  // `live_bytes`, which tensors hold, what stays cached is at most `limit_bytes`.
  void* take(size_t wanted, size_t live_bytes, size_t limit_bytes);
  // The bytes that were wanted of it; 0 for a block that is not from here.
  size_t give_back(void* block);
  void release_cached();
  size_t cached_bytes() const;

 private:
  struct BlockInUse {
    size_t block_bytes = 0, wanted = 0;
  };
  void make_room(size_t bytes, size_t live_bytes, size_t limit_bytes);
  void release_all();
  void unmap_oldest();

  using Ages = std::list<void*>;
  mutable std::mutex mutex_;
  std::unordered_map<void*, BlockInUse> in_use_;
  Ages ages_;                                   // free blocks, the longest free first
  std::multimap<size_t, Ages::iterator> free_;  // by size
  size_t in_use_bytes_ = 0, most_in_use_bytes_ = 0, cached_bytes_ = 0;
};

}  // namespace stoker::ops

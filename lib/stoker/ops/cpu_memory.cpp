#include "stoker/ops/cpu_memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>

#include "stoker/core/cpu.h"
#include "stoker/core/text.h"

namespace stoker::ops {

namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kSmallest = size_t{1} << 20;  // below it the system's allocator is as good
constexpr size_t kSlack = size_t{64} << 20;
// A cached block may be larger than what is asked by this share of the request.
constexpr size_t kWasteDivisor = 8;

size_t round_up(size_t bytes) { return (bytes + kHugePage - 1) / kHugePage * kHugePage; }

// Fresh memory at a multiple of a huge page, or null where the system has no more; bytes is a
// multiple too.
void* map_block(size_t bytes) {
  const size_t mapped_bytes = bytes + kHugePage;
  void* mapped =
      ::mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  const auto address = reinterpret_cast<uintptr_t>(mapped);
  const uintptr_t begin = (address + kHugePage - 1) / kHugePage * kHugePage;
  if (begin > address) ::munmap(mapped, begin - address);
  const size_t tail = mapped_bytes - (begin - address) - bytes;
  if (tail > 0) ::munmap(reinterpret_cast<void*>(begin + bytes), tail);
  auto* block = reinterpret_cast<void*>(begin);
  ::madvise(block, bytes, MADV_HUGEPAGE);  // a wish; without it pages are small
  return block;
}

class Cache {
 public:
  void* take(size_t wanted) {
    const size_t bytes = round_up(wanted);
    const std::lock_guard lock(mutex_);
    void* block = nullptr;
    size_t block_bytes = bytes;
    const auto found = free_.lower_bound(bytes);
    if (found != free_.end() && found->first <= bytes + bytes / kWasteDivisor) {
      block_bytes = found->first;
      block = *found->second;
      ages_.erase(found->second);
      free_.erase(found);
      memory_.cached_bytes -= block_bytes;
    } else {
      make_room(bytes);
      block = map_block(bytes);
      if (block == nullptr) {  // what is kept for reuse may be what is missing
        release_cached();
        block = map_block(bytes);
      }
      if (block == nullptr) fail(wanted);
    }
    sizes_.emplace(block, block_bytes);
    memory_.live_bytes += block_bytes;
    memory_.peak_bytes = std::max(memory_.peak_bytes, memory_.live_bytes);
    return block;
  }

  // False for a block that is not from here.
  bool give_back(void* block) {
    const std::lock_guard lock(mutex_);
    const auto found = sizes_.find(block);
    if (found == sizes_.end()) return false;
    const size_t bytes = found->second;
    sizes_.erase(found);
    memory_.live_bytes -= bytes;
    memory_.cached_bytes += bytes;
    ages_.push_back(block);
    free_.emplace(bytes, std::prev(ages_.end()));
    return true;
  }

  CpuMemory memory() const {
    const std::lock_guard lock(mutex_);
    return memory_;
  }

 private:
  // Unmaps the blocks that have waited longest until `bytes` more stay within the bound.
  void make_room(size_t bytes) {
    const size_t live = memory_.live_bytes + bytes;
    const size_t peak = std::max(memory_.peak_bytes, live);
    const size_t bound = peak + peak / 4 + kSlack;
    while (!ages_.empty() && live + memory_.cached_bytes > bound) unmap_oldest();
  }

  void release_cached() {
    while (!ages_.empty()) unmap_oldest();
  }

  void unmap_oldest() {
    void* oldest = ages_.front();
    const auto entry = std::find_if(free_.begin(), free_.end(),
                                    [&](const auto& item) { return *item.second == oldest; });
    ::munmap(oldest, entry->first);
    memory_.cached_bytes -= entry->first;
    free_.erase(entry);
    ages_.pop_front();
  }

  // As a full GPU fails.
  [[noreturn]] void fail(size_t wanted) const {
    C10_THROW_ERROR(
        OutOfMemoryError,
        fmt::format("Tried to allocate {}. {} of large tensors are in use and {} of the "
                    "machine's memory is free.",
                    human_bytes(wanted), human_bytes(memory_.live_bytes),
                    human_bytes(free_memory_bytes())));
  }

  using Ages = std::list<void*>;
  mutable std::mutex mutex_;
  std::unordered_map<void*, size_t> sizes_;     // of blocks in use
  Ages ages_;                                   // free blocks, the longest free first
  std::multimap<size_t, Ages::iterator> free_;  // by size
  CpuMemory memory_;
};

// Never destroyed: tensors of static storage may outlive every object of ours.
Cache& cache() {
  static auto* instance = new Cache;
  return *instance;
}

// LibTorch's own allocator, for small blocks.
c10::Allocator* small_allocator = nullptr;

// oneDNN takes memory without a DataPtr and gives it back through raw_deleter(), so one deleter
// serves blocks of either kind. Ours lie at multiples of a huge page.
void release(void* block) {
  const bool may_be_ours = reinterpret_cast<uintptr_t>(block) % kHugePage == 0;
  if (may_be_ours && cache().give_back(block)) return;
  small_allocator->raw_deleter()(block);
}

class KeepingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* block = bytes < kSmallest ? small_allocator->allocate(bytes).release_context()
                                    : cache().take(bytes);
    return {block, block, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    std::memcpy(to, from, bytes);
  }
};

}  // namespace

void keep_cpu_memory() {
  static const bool once = [] {
    static KeepingAllocator allocator;
    small_allocator = c10::GetCPUAllocator();
    c10::SetCPUAllocator(&allocator, /*priority=*/1);
    return true;
  }();
  (void)once;
}

CpuMemory cpu_memory() { return cache().memory(); }

}  // namespace stoker::ops

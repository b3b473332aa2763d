#include "stoker/ops/block_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>

namespace stoker::ops {

namespace {

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

}  // namespace

void* BlockCache::take(size_t wanted, size_t live_bytes, size_t limit_bytes) {
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
    cached_bytes_ -= block_bytes;
  } else {
    make_room(bytes, live_bytes, limit_bytes);
    block = map_block(bytes);
    if (block == nullptr) {  // what is kept for reuse may be what is missing
      release_all();
      block = map_block(bytes);
    }
    if (block == nullptr) return nullptr;
  }
  in_use_.emplace(block, BlockInUse{block_bytes, wanted});
  in_use_bytes_ += block_bytes;
  most_in_use_bytes_ = std::max(most_in_use_bytes_, in_use_bytes_);
  return block;
}

size_t BlockCache::give_back(void* block) {
  const std::lock_guard lock(mutex_);
  const auto found = in_use_.find(block);
  if (found == in_use_.end()) return 0;
  const BlockInUse in_use = found->second;
  in_use_.erase(found);
  in_use_bytes_ -= in_use.block_bytes;
  cached_bytes_ += in_use.block_bytes;
  ages_.push_back(block);
  free_.emplace(in_use.block_bytes, std::prev(ages_.end()));
  return in_use.wanted;
}

void BlockCache::release_cached() {
  const std::lock_guard lock(mutex_);
  release_all();
}

size_t BlockCache::cached_bytes() const {
  const std::lock_guard lock(mutex_);
  return cached_bytes_;
}

// Unmaps the blocks that have waited longest until `bytes` more stay within the bounds.
void BlockCache::make_room(size_t bytes, size_t live_bytes, size_t limit_bytes) {
  const size_t in_use = in_use_bytes_ + bytes;
  const size_t most = std::max(most_in_use_bytes_, in_use);
  const size_t bound = most + most / 4 + kSlack;
  while (!ages_.empty() &&
         (in_use + cached_bytes_ > bound || live_bytes + cached_bytes_ > limit_bytes)) {
    unmap_oldest();
  }
}

void BlockCache::release_all() {
  while (!ages_.empty()) unmap_oldest();
}

void BlockCache::unmap_oldest() {
  void* oldest = ages_.front();
  const auto entry = std::find_if(free_.begin(), free_.end(),
                                  [&](const auto& item) { return *item.second == oldest; });
  ::munmap(oldest, entry->first);
  cached_bytes_ -= entry->first;
  free_.erase(entry);
  ages_.pop_front();
}

}  // namespace stoker::ops

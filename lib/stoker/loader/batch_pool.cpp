#include "stoker/loader/batch_pool.h"

#include <algorithm>
#include <new>
#include <utility>

#include "stoker/core/error.h"

namespace stoker::loader {
namespace {

constexpr std::align_val_t kAlignment{64};

class PlainMemory final : public BatchMemory {
 public:
  void* allocate(size_t bytes) override {
    try {
      return ::operator new(bytes, kAlignment);
    } catch (const std::bad_alloc&) {
      throw OutOfMemory(fmt::format(
          "The loader could not get {} bytes of memory for a batch. Use a smaller train.microbatch "
          "or data.prefetch_mib.",
          bytes));
    }
  }
  void release(void* memory, size_t) override { ::operator delete(memory, kAlignment); }
};

// What moves between a batch in use and a spare one.
void move_vectors(Batch& from, Batch& to) {
  to.samples = std::move(from.samples);
  to.labels = std::move(from.labels);
  to.images = std::move(from.images);
  to.geometries = std::move(from.geometries);
  to.programs = std::move(from.programs);
}

}  // namespace

BatchMemory& plain_memory() {
  static PlainMemory memory;
  return memory;
}

BatchPool::~BatchPool() {
  for (const Entry& entry : entries_) memory_.release(entry.block.memory, entry.block.capacity);
}

BatchPool::Block BatchPool::take(size_t bytes) {
  const std::lock_guard lock(mutex_);
  Entry* best = nullptr;
  Entry* spare = nullptr;
  for (Entry& entry : entries_) {
    if (entry.in_use) continue;
    spare = &entry;
    if (entry.block.capacity >= bytes &&
        (best == nullptr || entry.block.capacity < best->block.capacity))
      best = &entry;
  }
  if (best == nullptr && spare != nullptr) {
    memory_.release(spare->block.memory, spare->block.capacity);
    entries_.erase(entries_.begin() + (spare - entries_.data()));
  }
  if (best == nullptr) {
    entries_.reserve(entries_.size() + 1);
    best = &entries_.emplace_back(Entry{{memory_.allocate(bytes), bytes}, false});
  }
  best->in_use = true;
  return best->block;
}

void BatchPool::give(void* memory) {
  STOKER_CHECK(memory == nullptr || mark_spare(memory), "memory={}", memory);
}

bool BatchPool::mark_spare(void* memory) noexcept {
  const std::lock_guard lock(mutex_);
  const auto entry = std::ranges::find_if(
      entries_, [memory](const Entry& candidate) { return candidate.block.memory == memory; });
  if (entry == entries_.end() || !entry->in_use) return false;
  entry->in_use = false;
  return true;
}

std::unique_ptr<Batch> BatchPool::make_batch() {
  const std::lock_guard lock(mutex_);
  if (spare_batches_.empty()) return std::make_unique<Batch>();
  std::unique_ptr<Batch> batch = std::move(spare_batches_.back());
  spare_batches_.pop_back();
  return batch;
}

void BatchPool::recycle(Batch& batch) noexcept {
  mark_spare(std::exchange(batch.pixels, nullptr));
  try {
    auto spare = std::make_unique<Batch>();
    move_vectors(batch, *spare);
    const std::lock_guard lock(mutex_);
    spare_batches_.push_back(std::move(spare));
  } catch (const std::bad_alloc&) {
    return;  // their capacity is all that is lost
  }
}

}  // namespace stoker::loader

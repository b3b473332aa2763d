// The memory of a loader's batches, reused from batch to batch. Thread-safe.
//
//   BatchPool pool(plain_memory());
//   BatchPool::Block block = pool.take(bytes);
//   …
//   pool.give(block.memory);
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "stoker/loader/loader.h"

namespace stoker::loader {

class BatchPool {
 public:
  struct Block {
    void* memory = nullptr;
    size_t capacity = 0;
  };

  // `memory` must outlive the pool. The destructor releases every block, in use or not.
  explicit BatchPool(BatchMemory& memory) : memory_(memory) {}
  ~BatchPool();
  BatchPool(const BatchPool&) = delete;
  BatchPool& operator=(const BatchPool&) = delete;

  // A block of at least `bytes`: the smallest spare one that holds them. Where none does, one spare
  // block is released before a new one is allocated, so that growing batches leave no trail behind.
  Block take(size_t bytes);
  void give(void* memory);

  // An empty batch whose vectors keep the capacity they had in a former life.
  std::unique_ptr<Batch> make_batch();
  // Takes the pixels and vectors of a batch that is no longer needed. For destructors: pixels from
  // elsewhere are left alone, and vectors that find no room are freed.
  void recycle(Batch& batch) noexcept;

 private:
  struct Entry {
    Block block;
    bool in_use = false;
  };

  bool mark_spare(void* memory) noexcept;

  BatchMemory& memory_;
  std::mutex mutex_;
  std::vector<Entry> entries_;
  std::vector<std::unique_ptr<Batch>> spare_batches_;
};

}  // namespace stoker::loader

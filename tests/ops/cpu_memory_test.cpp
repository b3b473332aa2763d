#include "stoker/ops/cpu_memory.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <c10/core/CPUAllocator.h>

#include <thread>
#include <vector>

#include "support/catch.h"

using namespace stoker::ops;

namespace {
constexpr int64_t kMib = int64_t{1} << 20;

at::Tensor bytes(int64_t count) { return at::empty({count}, at::kByte); }
}  // namespace

TEST_CASE("a large block is used again, and a small one is not ours") {
  keep_cpu_memory();
  keep_cpu_memory();
  void* first = nullptr;
  {
    const at::Tensor tensor = at::full({5 * kMib}, 7, at::kByte);
    first = tensor.data_ptr();
    CHECK(cpu_memory().live_bytes >= size_t(5 * kMib));
  }
  const size_t cached = cpu_memory().cached_bytes;
  CHECK(cached >= size_t(5 * kMib));
  CHECK(bytes(5 * kMib).data_ptr() == first);
  // Within an eighth the block serves a smaller request; beyond, it does not.
  CHECK(bytes(5 * kMib + kMib / 2).data_ptr() == first);
  CHECK(bytes(3 * kMib).data_ptr() != first);
  const size_t live = cpu_memory().live_bytes;
  const at::Tensor small = bytes(kMib - 1);
  CHECK(cpu_memory().live_bytes == live);
}

TEST_CASE("blocks in use do not overlap and hold what was written") {
  keep_cpu_memory();
  std::vector<at::Tensor> tensors;
  for (int round = 0; round < 3; ++round) {
    for (int64_t i = 0; i < 20; ++i) {
      tensors.push_back(at::full({kMib + 700'001 * (i % 7)}, i, at::kByte));
    }
    for (size_t i = 0; i < tensors.size(); ++i) {
      REQUIRE(tensors[i].eq(static_cast<int64_t>(i % 20)).all().item<bool>());
    }
    if (round == 0) tensors.clear();
    if (round == 1) tensors.erase(tensors.begin() + 20, tensors.end());
  }
}

TEST_CASE("what is kept stays within its bound of what was used") {
  keep_cpu_memory();
  for (int64_t mib = 2; mib < 120; mib += 3) bytes(mib * kMib);
  const CpuMemory memory = cpu_memory();
  CHECK(memory.live_bytes + memory.cached_bytes <=
        memory.peak_bytes + memory.peak_bytes / 4 + size_t(64 * kMib));
}

TEST_CASE("memory is taken and given back from several threads") {
  keep_cpu_memory();
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t, &good] {
      for (int i = 0; i < 50; ++i) {
        const at::Tensor tensor = at::full({(1 + (t + i) % 5) * kMib}, t, at::kByte);
        good[t] += tensor.eq(t).all().item<bool>() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == std::vector<int>(4, 50));
}

TEST_CASE("memory goes back without a DataPtr too, as oneDNN asks") {
  keep_cpu_memory();
  c10::Allocator* allocator = c10::GetCPUAllocator();
  for (const size_t size : {size_t{100}, size_t(9 * kMib)}) {
    void* block = allocator->raw_allocate(size);
    REQUIRE(block != nullptr);
    allocator->raw_deallocate(block);
  }
  const at::Tensor y = at::conv2d(at::ones({3, 4, 9, 7}), at::ones({5, 4, 3, 3}));
  CHECK(y.eq(36).all().item<bool>());
}

#include "stoker/ops/cpu_memory.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include <thread>
#include <vector>

#include "support/catch.h"

using namespace stoker::ops;

namespace {
constexpr int64_t kMib = int64_t{1} << 20;

at::Tensor bytes(int64_t count) { return at::empty({count}, at::kByte); }
}  // namespace

TEST_CASE("a large block is used again, and all are counted") {
  keep_cpu_memory();
  keep_cpu_memory();
  void* first = nullptr;
  {
    const at::Tensor tensor = at::full({5 * kMib}, 7, at::kByte);
    first = tensor.data_ptr();
    CHECK(cpu_memory().live_bytes >= 5 * kMib);
  }
  CHECK(cpu_memory().cached_bytes >= 5 * kMib);
  CHECK(bytes(5 * kMib).data_ptr() == first);
  // Within an eighth the block serves a smaller request; beyond, it does not.
  CHECK(bytes(5 * kMib + kMib / 2).data_ptr() == first);
  CHECK(bytes(3 * kMib).data_ptr() != first);
  const int64_t live = cpu_memory().live_bytes;
  {
    const at::Tensor small = bytes(1000), large = bytes(3 * kMib + 1);
    // The system rounds small blocks up by less than a cache line.
    CHECK(cpu_memory().live_bytes - live >= 3 * kMib + 1 + 1000);
    CHECK(cpu_memory().live_bytes - live < 3 * kMib + 1 + 1000 + 128);
  }
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
  constexpr int64_t kMost = 240;  // more than other tests have had in use
  for (int64_t mib = 2; mib <= kMost; mib += 3) bytes(mib * kMib);
  const CpuMemory memory = cpu_memory();
  CHECK(memory.cached_bytes <= (kMost + kMost / 4 + 64) * kMib + memory.live_bytes);
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

namespace {
// Until the end of a test.
struct Cap {
  explicit Cap(int64_t room) { set_cpu_limit(cpu_memory().live_bytes + room); }
  ~Cap() { set_cpu_limit(kNoLimit); }
};
}  // namespace

TEST_CASE("what would pass the cap fails as on a full GPU, and nothing is counted") {
  keep_cpu_memory();
  const int64_t live = cpu_memory().live_bytes;
  const Cap cap(10 * kMib);
  const at::Tensor most = bytes(9 * kMib);
  for (const int64_t count : {int64_t{2} * kMib, kMib - 1}) {
    CAPTURE(count);
    const at::Tensor one_more = count < kMib ? bytes(kMib / 2) : at::Tensor();
    try {
      const at::Tensor tensor = bytes(count);
      FAIL("it fitted");
    } catch (const c10::OutOfMemoryError& error) {
      CHECK_THAT(error.what_without_backtrace(),
                 Catch::Contains("Tried to allocate") && Catch::Contains("is the limit "
                                                                         "(memory.limit_gib)"));
    }
  }
  CHECK(cpu_memory().live_bytes == live + 9 * kMib);
  const at::Tensor fits = bytes(kMib / 2);
}

TEST_CASE("few bytes may pass the cap where work must not stop half done") {
  keep_cpu_memory();
  const Cap cap(0);
  CHECK_THROWS_AS(bytes(64), c10::OutOfMemoryError);
  const PassCpuLimit pass;
  CHECK(bytes(64).numel() == 64);
}

TEST_CASE("what is cached makes room below the cap") {
  keep_cpu_memory();
  return_cached_cpu_memory();
  CHECK(cpu_memory().cached_bytes == 0);
  bytes(8 * kMib);
  CHECK(cpu_memory().cached_bytes == 8 * kMib);
  const Cap cap(12 * kMib);
  const at::Tensor other = bytes(11 * kMib);  // of another size, so the cached block cannot serve
  CHECK(cpu_memory().cached_bytes == 0);
}

TEST_CASE("the peak is the most since it was reset") {
  keep_cpu_memory();
  bytes(20 * kMib);
  reset_cpu_peak();
  const int64_t live = cpu_memory().live_bytes;
  CHECK(cpu_memory().peak_bytes == live);
  { const at::Tensor a = bytes(3 * kMib), b = bytes(4 * kMib); }
  bytes(5 * kMib);
  CHECK(cpu_memory().peak_bytes == live + 7 * kMib);
}

TEST_CASE("an allocation can be made to fail") {
  keep_cpu_memory();
  fail_cpu_allocation(3);
  bytes(10);
  {
    const PassCpuLimit pass;  // does not count
    bytes(10);
  }
  bytes(2 * kMib);
  CHECK(allocations_until_failure() == 1);
  CHECK_THROWS_AS(bytes(10), c10::OutOfMemoryError);
  CHECK(allocations_until_failure() == 0);
  CHECK(bytes(10).numel() == 10);
}

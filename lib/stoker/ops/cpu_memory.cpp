#include "stoker/ops/cpu_memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "stoker/core/cpu.h"
#include "stoker/core/text.h"
#include "stoker/ops/block_cache.h"

namespace stoker::ops {

namespace {

constexpr size_t kSmallest = size_t{1} << 20;  // below it the system's allocator is as good

// Never destroyed: tensors of static storage may outlive every object of ours.
BlockCache& cache() {
  static auto* instance = new BlockCache;
  return *instance;
}

// LibTorch's own allocator, for small blocks.
c10::Allocator* small_allocator = nullptr;

thread_local int may_pass_limit = 0;

// What tensors hold. Counting costs a small allocation one addition and one comparison.
class Account {
 public:
  // False where the cap is in the way: nothing is counted then.
  bool charge(int64_t bytes) {
    const int64_t live = live_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    return live <= quiet_below_.load(std::memory_order_relaxed) || charge_high(bytes, live);
  }
  void discharge(int64_t bytes) { live_.fetch_sub(bytes, std::memory_order_relaxed); }

  int64_t live() const { return live_.load(std::memory_order_relaxed); }
  int64_t peak() const { return std::max(peak_.load(), live()); }
  int64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  void reset_peak() {
    peak_ = live();
    heed();
  }
  void set_limit(int64_t bytes) {
    limit_ = bytes;
    heed();
  }

 private:
  bool charge_high(int64_t bytes, int64_t live) {
    if (live > limit() && may_pass_limit == 0) {
      discharge(bytes);
      return false;
    }
    int64_t peak = peak_.load();
    while (live > peak && !peak_.compare_exchange_weak(peak, live)) {
    }
    heed();
    return true;
  }
  void heed() { quiet_below_ = std::min(peak_.load(), limit_.load()); }

  std::atomic<int64_t> live_{0}, peak_{0}, limit_{kNoLimit};
  std::atomic<int64_t> quiet_below_{0};  // neither a new peak nor above the cap
};
Account account;

std::atomic<int64_t> fails_in{0};

bool is_to_fail() {
  if (fails_in.load(std::memory_order_relaxed) <= 0 || may_pass_limit > 0) [[likely]]
    return false;
  return fails_in.fetch_sub(1) == 1;
}

// As a full GPU fails.
[[noreturn]] void fail_at_limit(size_t wanted) {
  C10_THROW_ERROR(
      OutOfMemoryError,
      fmt::format("Tried to allocate {}. {} of tensors are in use, and {} is the limit "
                  "(memory.limit_gib).",
                  human_bytes(wanted), human_bytes(static_cast<uint64_t>(account.live())),
                  account.limit() == kNoLimit
                      ? "none"
                      : human_bytes(static_cast<uint64_t>(account.limit()))));
}

[[noreturn]] void fail_at_system(size_t wanted) {
  C10_THROW_ERROR(
      OutOfMemoryError,
      fmt::format("Tried to allocate {}. {} of tensors are in use and {} of the machine's memory "
                  "is free.",
                  human_bytes(wanted), human_bytes(static_cast<uint64_t>(account.live())),
                  human_bytes(free_memory_bytes())));
}

// LibTorch's allocator does the same for small blocks.
void tell_profiler(void* block, int64_t bytes) {
  if (!c10::memoryProfilingEnabled()) [[likely]]
    return;
  c10::reportMemoryUsageToProfiler(block, bytes, static_cast<size_t>(account.live()),
                                   /*total_reserved=*/0, c10::Device(c10::kCPU));
}

void* take_large(size_t bytes) {
  if (!account.charge(static_cast<int64_t>(bytes))) fail_at_limit(bytes);
  void* block = cache().take(bytes, static_cast<size_t>(account.live()),
                             static_cast<size_t>(account.limit()));
  if (block == nullptr) {
    account.discharge(static_cast<int64_t>(bytes));
    fail_at_system(bytes);
  }
  tell_profiler(block, static_cast<int64_t>(bytes));
  return block;
}

// The system knows the size of a block when it comes back, a little more than what was asked.
void* take_small(size_t bytes) {
  void* block = small_allocator->allocate(bytes).release_context();
  if (account.charge(static_cast<int64_t>(::malloc_usable_size(block)))) return block;
  small_allocator->raw_deleter()(block);
  fail_at_limit(bytes);
}

// oneDNN takes memory without a DataPtr and gives it back through raw_deleter(), so one deleter
// serves blocks of either kind. Ours lie at multiples of a huge page.
void release(void* block) {
  if (reinterpret_cast<uintptr_t>(block) % kHugePage == 0) {
    if (const size_t bytes = cache().give_back(block); bytes > 0) {
      account.discharge(static_cast<int64_t>(bytes));
      tell_profiler(block, -static_cast<int64_t>(bytes));
      return;
    }
  }
  account.discharge(static_cast<int64_t>(::malloc_usable_size(block)));
  small_allocator->raw_deleter()(block);
}

class KeepingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    if (is_to_fail()) [[unlikely]]
      fail_at_limit(bytes);
    void* block = bytes < kSmallest ? take_small(bytes) : take_large(bytes);
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

CpuMemory cpu_memory() {
  return {.live_bytes = account.live(),
          .peak_bytes = account.peak(),
          .cached_bytes = static_cast<int64_t>(cache().cached_bytes())};
}

void reset_cpu_peak() { account.reset_peak(); }
void return_cached_cpu_memory() { cache().release_cached(); }
void set_cpu_limit(int64_t bytes) { account.set_limit(bytes); }
int64_t cpu_limit() { return account.limit(); }

PassCpuLimit::PassCpuLimit() { ++may_pass_limit; }
PassCpuLimit::~PassCpuLimit() { --may_pass_limit; }

void fail_cpu_allocation(int64_t k) { fails_in = k; }
int64_t allocations_until_failure() { return std::max<int64_t>(fails_in.load(), 0); }

}  // namespace stoker::ops

#include "stoker/ops/memory_meter.h"

#include <ATen/ops/empty.h>

#include "stoker/core/error.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/ops/device_errors.h"
#include "support/catch.h"
#include "support/thrown.h"

using namespace stoker;
using namespace stoker::ops;
using stoker::test::message_of;

namespace {
constexpr int64_t kMib = int64_t{1} << 20;
const c10::Device kCpu(c10::kCPU);
}  // namespace

TEST_CASE("the meter of the CPU says what tensors hold", "[memory]") {
  keep_cpu_memory();
  reset_peak(kCpu);
  const int64_t live = device_memory(kCpu).live_bytes;
  at::empty({3 * kMib}, at::kByte);
  const DeviceMemory memory = device_memory(kCpu);
  CHECK(memory.live_bytes == live);
  CHECK(memory.peak_bytes == live + 3 * kMib);
  CHECK(memory.cached_bytes >= 3 * kMib);
  CHECK_FALSE(memory.limit_bytes);
  CHECK(usable_bytes(kCpu) > live);
  return_cached(kCpu);
  CHECK(device_memory(kCpu).cached_bytes == 0);
}

TEST_CASE("a limit is what is usable, and beyond it is out of memory with what to do", "[memory]") {
  keep_cpu_memory();
  const int64_t limit = device_memory(kCpu).live_bytes + 5 * kMib;
  set_memory_limit(kCpu, limit);
  CHECK(device_memory(kCpu).limit_bytes == limit);
  CHECK(usable_bytes(kCpu) == limit);
  const DeviceWork work{.doing = "testing", .device = kCpu, .remedy = "Do less."};
  const std::string message =
      message_of<OutOfMemory>([&] { on_device(work, [] { at::empty({6 * kMib}, at::kByte); }); });
  CHECK_THAT(message, Catch::StartsWith("testing on cpu: Tried to allocate 6.0 MiB.") &&
                          Catch::Contains("are in use, and") && Catch::Contains("is the limit") &&
                          Catch::EndsWith("(memory.limit_gib). Do less."));
  set_memory_limit(kCpu, std::nullopt);
  at::empty({6 * kMib}, at::kByte);
}

#include "stoker/bench/profiler.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/trace_events.h"
#include "stoker/ops/cpu_memory.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::test;
using nlohmann::json;
using trace::Stage;

TEST_CASE("operators and ranges of several threads are recorded together") {
  const test::TemporaryFolder folder;
  bench::Profiler profiler(at::kCPU);
  {
    const trace::Span span(Stage::kForward);
    const at::Tensor product = at::matmul(at::ones({17, 33}), at::ones({33, 5}));
    CHECK(product.size(1) == 5);
  }
  std::thread([] { const trace::Span span(Stage::kDecode); }).join();
  const int64_t end_ns = trace::now_ns();
  at::ones({3});
  const bench::Recording recording = profiler.stop(folder.path(), {.end_ns = end_ns});

  const auto matmul =
      std::ranges::find(recording.operators, "aten::matmul", &bench::OperatorRow::name);
  REQUIRE(matmul != recording.operators.end());
  CHECK(matmul->calls == 1);
  CHECK(matmul->total_s >= matmul->self_s);
  const auto ones = std::ranges::find(recording.operators, "aten::ones", &bench::OperatorRow::name);
  REQUIRE(ones != recording.operators.end());
  CHECK(ones->calls == 2);  // the third is beyond the window
  int64_t bytes = 0;
  for (const bench::OperatorRow& row : recording.operators) bytes += row.allocated_bytes;
  CHECK(bytes >= 4 * (17 * 33 + 33 * 5 + 17 * 5));
  CHECK(recording.kernels.empty());
  CHECK(recording.device_busy_ns == 0);

  const json forward = events_of(recording.trace, "forward").at(0);
  const json within = events_of(recording.trace, "aten::matmul").at(0);
  CHECK(forward["tid"] == within["tid"]);
  CHECK(forward["ts"].get<double>() <= within["ts"].get<double>());
  CHECK(forward["ts"].get<double>() + forward["dur"].get<double>() >=
        within["ts"].get<double>() + within["dur"].get<double>());
  CHECK(events_of(recording.trace, "decode").at(0)["tid"] != forward["tid"]);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("large blocks, which our own allocator keeps, are told of too") {
  ops::keep_cpu_memory();
  const test::TemporaryFolder folder;
  bench::Profiler profiler(at::kCPU);
  at::ones({3, 1 << 20});
  const bench::Recording recording = profiler.stop(folder.path());
  int64_t bytes = 0;
  for (const bench::OperatorRow& row : recording.operators) bytes += row.allocated_bytes;
  CHECK(bytes >= 4 * (3 << 20));
}

TEST_CASE("a profiler that is not stopped leaves none behind") {
  { const bench::Profiler profiler(at::kCPU); }
  CHECK(!trace::is_on());
  const test::TemporaryFolder folder;
  bench::Profiler profiler(at::kCPU);
  at::ones({2});
  CHECK(!profiler.stop(folder.path()).operators.empty());
}

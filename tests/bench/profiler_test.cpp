#include "stoker/bench/profiler.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "stoker/core/error.h"
#include "stoker/ops/cpu_memory.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using nlohmann::json;
using trace::Stage;

namespace {

constexpr const char* kKinetos = R"({
  "schemaVersion": 1,
  "traceEvents": [
  { "ph": "X", "name": "aten::add", "pid": 7, "tid": 7, "ts": 1.000, "dur": 2.000 }
  ],
  "traceName": "kineto.json",
  "baseTimeNanoseconds": 1000000
})";

std::vector<json> events_of(const std::string& trace, const std::string& name) {
  std::vector<json> found;
  const json parsed = json::parse(trace);
  for (const json& event : parsed.at("traceEvents"))
    if (event.value("name", "") == name) found.push_back(event);
  return found;
}

}  // namespace

TEST_CASE("our ranges stand among Kineto's events, on their time axis") {
  const std::vector<trace::Thread> threads{
      {.id = 7, .ranges = {{Stage::kForward, 1'002'500, 1'004'000}}},
      {.id = 9, .ranges = {{Stage::kDecode, 1'000'000, 1'000'001}}},
      {.id = 10, .ranges = {{Stage::kCheckpoint, 1'000'000, 1'000'001}}}};
  const std::string trace = bench::with_ranges(kKinetos, threads, 7, 7);
  const json forward = events_of(trace, "forward").at(0);
  CHECK(forward["ts"].get<double>() == Approx(2.5));
  CHECK(forward["dur"].get<double>() == Approx(1.5));
  CHECK(forward["tid"] == 7);
  CHECK(forward["pid"] == 7);
  CHECK(events_of(trace, "aten::add").size() == 1);
  std::vector<std::string> names;
  for (const json& name : events_of(trace, "thread_name"))
    names.push_back(name["args"]["name"].get<std::string>());
  CHECK(names == std::vector<std::string>{"training", "loader 0", "checkpoint"});
}

TEST_CASE("a trace without events of Kineto's stays JSON") {
  const std::vector<trace::Thread> threads{{.id = 7, .ranges = {{Stage::kWait, 5, 6}}}};
  const std::string empty = R"({"traceEvents": [ ], "baseTimeNanoseconds": 0})";
  CHECK(events_of(bench::with_ranges(empty, threads, 7, 7), "wait").size() == 1);
  CHECK(json::parse(bench::with_ranges(empty, {}, 7, 7))["traceEvents"].empty());
}

TEST_CASE("what is not Kineto's trace is a defect") {
  CHECK_THROWS_AS(bench::with_ranges("{}", {}, 1, 1), InternalError);
  CHECK_THROWS_AS(bench::with_ranges(R"({"traceEvents": []})", {}, 1, 1), InternalError);
  CHECK_THROWS_AS(
      bench::with_ranges(R"({"traceEvents": [], "baseTimeNanoseconds": "x"})", {}, 1, 1),
      InternalError);
}

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

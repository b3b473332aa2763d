#include "stoker/bench/trace_file.h"

#include <nlohmann/json.hpp>

#include "bench/trace_events.h"
#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using namespace stoker::test;
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

}  // namespace

TEST_CASE("our ranges stand among Kineto's events, on their time axis") {
  const std::vector<trace::Thread> threads{
      {.id = 7, .ranges = {{Stage::kForward, 1'002'500, 1'004'000}}},
      {.id = 9, .ranges = {{Stage::kDecode, 1'000'000, 1'000'001}}},
      {.id = 10, .ranges = {{Stage::kCheckpoint, 1'000'000, 1'000'001}}}};
  const std::string trace = bench::with_ranges(kKinetos, threads, 7, 7);
  const json forward = events_of(trace, "forward").at(0);
  CHECK(forward["ts"].get<double>() == Approx(2.5));
  CHECK(forward["dur"].get<double>() == Approx(1.498));  // so that it ends before the next
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

TEST_CASE("rows whose process is a word, and second names of a thread, are left out") {
  const std::string kinetos = R"json({"traceEvents": [
  {"ph": "X", "name": "a \"} odd\\", "pid": 7, "tid": 7, "ts": 1, "dur": 2, "args": {"x": {"y": "]"}}},
  {"ph": "X", "name": "PyTorch Profiler (0)", "pid": "Spans", "tid": "PyTorch Profiler"},
  {"ph": "M", "name": "thread_name", "pid": 7, "tid": 7, "args": {"name": "thread 7 (stoker)"}},
  {"ph": "M", "name": "thread_name", "pid": 7, "tid": 8, "args": {"name": "thread 8 (stoker)"}},
  {"name": "Record Window End", "ph": "i", "s": "g", "pid": "", "tid": "", "ts": 9}
  ], "traceName": "/a/path/kineto.json", "baseTimeNanoseconds": 0})json";
  const std::vector<trace::Thread> threads{{.id = 7, .ranges = {{Stage::kForward, 500, 4000}}}};
  const std::string trace = bench::with_ranges(kinetos, threads, 7, 7);
  CHECK(json::parse(trace)["traceEvents"].size() == 4);
  CHECK(events_of(trace, "a \"} odd\\").at(0)["args"]["x"]["y"] == "]");
  const std::vector<json> names = events_of(trace, "thread_name");
  REQUIRE(names.size() == 2);
  CHECK(names[0]["args"]["name"] == "training");
  CHECK(names[1]["tid"] == 8);
  CHECK(trace.find("/a/path") == std::string::npos);
  for (const char* cut : {R"({"baseTimeNanoseconds": 0, "traceEvents": [)",
                          R"({"baseTimeNanoseconds": 0, "traceEvents": [{"name": "a)"})
    CHECK_THROWS_AS(bench::with_ranges(cut, {}, 7, 7), InternalError);
}

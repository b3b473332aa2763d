#include "stoker/report/run_facts.h"

#include "stoker/monitor/verdict.h"
#include "support/catch.h"

using namespace stoker;

namespace {

runs::MetricsRecord line(int64_t step, double time_s, double data_wait) {
  return {.step = step,
          .split = "train",
          .values = {{"time_s", time_s},
                     {"wall_s", 10},
                     {"images_per_s", 100},
                     {"data_wait", data_wait},
                     {"loader_threads", 2},
                     {"decode_us", 15'000},
                     {"cpu_used", 1.9}}};
}

// Three lines of a process and two of another.
report::RunRecord run() {
  report::RunRecord record;
  record.environment = {{"device", "cpu"}, {"usable_cpus", 2}, {"world_size", 1}};
  record.metrics = {line(10, 10, 0.9), line(20, 19, 0.5),
                    line(30, 28, 0.5), {.step = 30, .split = "val", .values = {{"eval_s", 2}}},
                    line(40, 37, 0.9), line(50, 46, 0.5)};
  record.resumed_at = {30};
  return record;
}

}  // namespace

TEST_CASE("a run's lines are its facts, but for the first of each process") {
  const monitor::Facts facts = report::run_facts(run());
  CHECK(facts.lines == 3);
  CHECK(facts.wall_s == Approx(20 + 2 + 10));  // the evaluation, and the line after it is left out
  CHECK(facts.data_wait_s == Approx(0.5 * 27));
  CHECK(facts.eval_s == 2);
  CHECK(facts.usable_cpus == 2);
  CHECK_FALSE(facts.on_gpu);
  const monitor::Verdict verdict = monitor::judge(facts);
  CHECK(verdict.kind == "data");
  CHECK_THAT(verdict.text, Catch::Contains("42% of the time") && Catch::Contains("decoding"));
}

TEST_CASE("a GPU is known by the run's device, and by what was read of it") {
  report::RunRecord record = run();
  record.environment["device"] = "cuda:0";
  record.environment["gpus"] = {{{"name", "NVIDIA A10"}}};
  CHECK(report::run_facts(record).on_gpu);
  CHECK(report::run_facts(record).gpu == "NVIDIA A10");
  record.events = {{{"event", "verdict"}, {"gpu", "NVIDIA H200"}}, {{"event", "end"}}};
  CHECK(report::run_facts(record).gpu == "NVIDIA H200");
}

TEST_CASE("a run without lines is too short to judge") {
  CHECK(monitor::judge(report::run_facts({})).kind == "too_short");
}

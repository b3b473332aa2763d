#include "stoker/report/diagnosis.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "report/folders.h"
#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using Catch::Contains;
using report::Diagnosis;
using test::write;

namespace {

struct Line {
  double time_s = 0, wall_s = -1, images_per_s = 100, data_wait = 0, decode_us = 0;
  std::string more;
};

std::string line_of(int step, const Line& line) {
  std::string text = fmt::format(
      "{{\"time_s\":{},\"epoch\":{},\"step\":{},\"split\":\"train\",\"loss\":1,\"images_per_s\":{},"
      "\"data_wait\":{},\"decode_us\":{}",
      line.time_s, 0.1 * step, step, line.images_per_s, line.data_wait, line.decode_us);
  if (line.wall_s >= 0) text += fmt::format(",\"wall_s\":{}", line.wall_s);
  return text + line.more + "}\n";
}

constexpr const char* kEnvironment =
    "{\"device\":\"cuda:0\",\"usable_cpus\":8,\"gpus\":[{\"name\":\"NVIDIA H200\"}]}";

}  // namespace

TEST_CASE("a run that waited for images is told so, with the stage and the keys") {
  const test::TemporaryFolder folder;
  const auto run = test::make_run(folder.path() / "1", {});
  write(run / "environment.json", "{\"device\":\"cpu\",\"usable_cpus\":2}");
  std::string lines;
  // 10 s a line, 60 % of them waiting, while two threads decode all the time.
  for (int i = 1; i <= 5; ++i)
    lines += line_of(i, {.time_s = 10.0 * i, .data_wait = 0.6, .decode_us = 19'000});
  write(run / "metrics.jsonl", lines);
  const Diagnosis diagnosis = report::diagnose(run);
  CHECK(diagnosis.facts.lines == 4);  // the first warms up
  CHECK(diagnosis.facts.wall_s == Approx(40));
  CHECK(diagnosis.facts.images == Approx(4000));
  CHECK(diagnosis.verdict.kind == "data");
  CHECK_THAT(diagnosis.verdict.text, Contains("waits for images 60% of the time") &&
                                         Contains("2 threads spend 95% of theirs on decoding"));
  const std::string text = report::diagnosis_text(diagnosis);
  CHECK_THAT(text, Contains("verdict: training waits") && Contains("advice:  "));
  CHECK_THAT(text, Contains("60%    of it waiting for images") && Contains("decode 19000"));
  const auto json = parse_json(report::diagnosis_json(diagnosis));
  CHECK(json["verdict"]["kind"] == "data");
  CHECK(json["time"]["data_wait"].get<double>() == Approx(0.6));
  CHECK(json["loader"]["threads"] == 2);
}

TEST_CASE("evaluations of runs that logged no clock are taken from their events") {
  const test::TemporaryFolder folder;
  const auto run = test::make_run(folder.path() / "1", {});
  std::string lines;
  for (int i = 1; i <= 3; ++i) {
    lines += line_of(i, {.time_s = 10.0 * i});
    if (i == 2) lines += "{\"step\":2,\"split\":\"val\",\"time_s\":20}\n";
  }
  write(run / "metrics.jsonl", lines);
  write(run / "events.jsonl",
        "{\"event\":\"start\",\"step\":0}\n"
        "{\"event\":\"evaluation\",\"step\":2,\"seconds\":20}\nno JSON\n");
  const Diagnosis diagnosis = report::diagnose(run);
  CHECK(diagnosis.facts.wall_s == Approx(40));
  CHECK(diagnosis.verdict.kind == "evaluation");
  CHECK_THAT(report::diagnosis_text(diagnosis), Contains("50%  in evaluations"));
}

TEST_CASE("figures of the monitor decide where a run has them, on the device that it ran on") {
  const test::TemporaryFolder folder;
  const auto run = test::make_run(folder.path() / "1", {});
  write(run / "environment.json", kEnvironment);
  std::string lines;
  for (int i = 1; i <= 4; ++i) {
    lines += line_of(i, {.time_s = 10.0 * i,
                         .wall_s = 12,
                         .more = ",\"gpu_util\":0.99,\"gpu_held_heat\":0.5,\"gpu_temp_c\":91,"
                                 "\"mfu\":0.4,\"save_s\":1,\"loader_threads\":4"});
    lines += fmt::format("{{\"step\":{},\"split\":\"val\",\"eval_s\":1}}\n", i);
  }
  write(run / "metrics.jsonl", lines);
  const Diagnosis diagnosis = report::diagnose(run);
  CHECK(diagnosis.facts.gpu == "NVIDIA H200");
  CHECK(diagnosis.facts.wall_s == Approx(36));  // three lines, and the evaluations behind them
  CHECK(diagnosis.facts.loader_threads == 4);
  CHECK(diagnosis.verdict.kind == "heat");
  const std::string text = report::diagnosis_text(diagnosis);
  CHECK_THAT(text, Contains("on NVIDIA H200: 100 images/s"));
  CHECK_THAT(text, Contains("gpu_temp_c") && Contains("91 C"));
  CHECK_THAT(text, Contains("8%  waiting for checkpoints"));
}

TEST_CASE("the first line behind each resume is left out") {
  const test::TemporaryFolder folder;
  const auto run = test::make_run(folder.path() / "1", {});
  std::string lines;
  for (int i = 1; i <= 6; ++i)
    lines += line_of(i, {.time_s = 10.0 * i, .wall_s = i == 1 || i == 4 ? 500.0 : 11.0});
  write(run / "metrics.jsonl", lines);
  write(run / "log.txt", "2026-11-29T22:50:10.097+00:00 going on from x at step 3 of 6\n");
  const Diagnosis diagnosis = report::diagnose(run);
  CHECK(diagnosis.facts.lines == 4);
  CHECK(diagnosis.facts.wall_s == Approx(44));
}

TEST_CASE("what else went wrong is noted: slower, short of memory, skipped, failed") {
  const test::TemporaryFolder folder;
  const auto run = test::make_run(folder.path() / "1", {.reason = "failed"});
  write(run / "summary.json",
        "{\"reason\":\"failed\",\"steps\":8,\"error\":\"no space\\u001b[2J\"}");
  std::string lines;
  for (int i = 1; i <= 8; ++i)
    lines += line_of(i, {.time_s = 10.0 * i,
                         .images_per_s = i <= 4 ? 1000.0 : 300.0,
                         .more = i == 3 ? ",\"skipped_steps\":2" : ""});
  lines += "{\"step\":4,\"split\":\"memory\",\"microbatch\":32}\n";
  lines += "{\"step\":5,\"split\":\"memory\",\"microbatch\":16}\n";
  write(run / "metrics.jsonl", lines);
  const std::string text = report::diagnosis_text(report::diagnose(run));
  CHECK_THAT(text, Contains("failed, step 8"));
  CHECK_THAT(text, Contains("it failed: no space\\x1b[2J"));
  CHECK_THAT(text, Contains("it became slower: 1,000 images/s in the first quarter, 300 in the"));
  CHECK_THAT(text, Contains("from step 4 on, down to 16 images"));
  CHECK_THAT(text, Contains("2 updates were skipped"));
}

TEST_CASE("a run that has logged little or nothing gets no verdict") {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "1";
  write(run / "config.yaml", "seed: 0\n");
  CHECK_THAT(report::diagnosis_text(report::diagnose(run)), Contains("logged too little"));
  write(run / "metrics.jsonl", line_of(1, {.time_s = 60}) + "{\"time_s\":");
  CHECK(report::diagnose(run).verdict.kind == "too_short");
  write(run / "metrics.jsonl", line_of(1, {.time_s = 60}) + line_of(2, {.time_s = 61.5}));
  CHECK_THAT(report::diagnosis_text(report::diagnose(run)), Contains("1.5 s are too short"));
  CHECK_THROWS_AS(report::diagnose(folder.path()), ConfigError);
}

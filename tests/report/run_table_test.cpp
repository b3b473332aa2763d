#include "stoker/report/run_table.h"

#include <nlohmann/json.hpp>

#include "stoker/core/json_text.h"
#include "support/catch.h"

using namespace stoker;
using Catch::Contains;

namespace {

const auto kNow = std::chrono::system_clock::from_time_t(1'795'000'000);

runs::RunOverview half_done() {
  return {.path = "runs/a\xff/1",
          .name = "a",
          .state = runs::RunState::kRunning,
          .holder = "process 7 on b",
          .step = 31,
          .epoch = 3.5,
          .epochs = 7,
          .progress = 0.5,
          .train_time_s = 90,
          .images_per_s = 1234.4,
          .metric = "val.top1",
          .best = 0.5,
          .best_step = 20,
          .updated = kNow - std::chrono::seconds(5)};
}

}  // namespace

TEST_CASE("the table of runs shows names of any bytes, progress and what is left") {
  const std::string text = report::runs_text(std::vector{half_done()}, kNow);
  CHECK_THAT(text,
             Contains("runs/a\\xff/1  running  50%   3.5/7  val.top1 50.00%  1,234  5 s ago"));
  CHECK_THAT(text, Contains("90 s\n"));
  CHECK(report::runs_text({}, kNow) == "no runs\n");
}

TEST_CASE("a failed run says why below the table, on one line") {
  runs::RunOverview run = half_done();
  run.state = runs::RunState::kFailed;
  run.reason = "failed";
  run.error = "no space\x1b[2J left\nsecond line";
  const std::string text = report::runs_text(std::vector{run}, kNow);
  CHECK_THAT(text, Contains("runs/a\\xff/1 failed: no space\\x1b[2J left\n"));
  CHECK_THAT(text, !Contains("second line"));
}

TEST_CASE("of more runs than a screen holds the rest is counted") {
  const std::vector<runs::RunOverview> list(5, half_done());
  CHECK_THAT(report::runs_text(list, kNow, 2), Contains("and 3 more\n"));
  CHECK_THAT(report::runs_text(list, kNow, 9), !Contains("more"));
}

TEST_CASE("runs as JSON: what is not known is null, names keep their bytes") {
  runs::RunOverview bare{.path = "b", .updated = kNow};
  const auto json = parse_json(report::runs_json(std::vector{half_done(), bare}, kNow));
  CHECK(json["runs"][0]["path"] == "runs/a\xff/1");
  CHECK(json["runs"][0]["left_s"] == 90);
  CHECK(json["runs"][0]["age_s"] == 5);
  CHECK(json["runs"][1]["best"].is_null());
  CHECK(json["runs"][1]["progress"].is_null());
  CHECK(json["runs"][1]["state"] == "interrupted");
}

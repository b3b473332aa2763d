#include "stoker/runs/overview.h"

#include "stoker/core/error.h"
#include "stoker/runs/lock.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using runs::RunOverview;
using runs::RunState;

namespace {

constexpr const char* kConfig =
    "name: a\ntrain: {epochs: 4, max_steps: none}\ncheckpoint: {monitor: val.loss, mode: auto}\n";
constexpr const char* kMetrics =
    "{\"time_s\":10,\"epoch\":1,\"step\":8,\"split\":\"train\",\"images_per_s\":50}\n"
    "{\"time_s\":10,\"epoch\":1,\"step\":8,\"split\":\"val\",\"loss\":0.5,\"top1\":0.7}\n"
    "{\"time_s\":20,\"epoch\":2,\"step\":16,\"split\":\"val\",\"loss\":0.25,\"top1\":0.6}\n"
    "{\"time_s\":30,\"epoch\":3,\"step\":24,\"split\":\"train\",\"images_per_s\":60}\n"
    "{\"time_s\":30,\"epoch\":3,\"step\":24,\"split\":\"val\",\"loss\":null}\n"
    "{\"time_s\":31,\"ep";

struct Run {
  test::TemporaryFolder dir;
  std::filesystem::path path = dir.path() / "a" / "1";
  explicit Run(const std::string& summary = "", const char* config = kConfig) {
    test::write(path / "config.yaml", config);
    test::write(path / "metrics.jsonl", kMetrics);
    if (!summary.empty()) test::write(path / "summary.json", summary);
  }
};

}  // namespace

TEST_CASE("a run that no process trains and that wrote no summary was killed") {
  const Run run;
  const RunOverview seen = runs::read_overview(run.path);
  CHECK(seen.name == "a");
  CHECK(seen.state == RunState::kInterrupted);
  CHECK(seen.reason == "killed");
  CHECK(seen.step == 24);
  CHECK(seen.epoch == 3);
  CHECK(seen.progress == 0.75);
  CHECK(seen.images_per_s == 60);
  CHECK(seen.metric == "val.loss");
  CHECK(seen.lower_is_better);
  CHECK(seen.best == 0.25);
  CHECK(seen.best_step == 16);
  CHECK_FALSE(seen.left_s());
}

TEST_CASE("a run whose lock is held is running, whatever its last summary says") {
  const Run run(R"({"reason":"interrupted","steps":24})");
  const runs::RunLock lock(run.path);
  const RunOverview seen = runs::read_overview(run.path);
  CHECK(seen.state == RunState::kRunning);
  CHECK(seen.holder.starts_with("process "));
  CHECK(seen.left_s() == 10);
}

TEST_CASE("looking at a run leaves its lock to whoever trains next") {
  const Run run(R"({"reason":"finished","steps":24})");
  { const runs::RunLock lock(run.path); }
  CHECK(runs::read_overview(run.path).state == RunState::kFinished);
  const runs::RunLock lock(run.path);
  CHECK_THROWS_AS(runs::RunLock(run.path), ConfigError);
}

TEST_CASE("the state of a run is what its summary gives as the reason") {
  const auto state = [](const char* summary) {
    return runs::read_overview(Run(summary).path).state;
  };
  CHECK(state(R"({"reason":"finished","steps":24})") == RunState::kFinished);
  CHECK(state(R"({"reason":"max_time","steps":24})") == RunState::kFinished);
  CHECK(state(R"({"reason":"interrupted","steps":24})") == RunState::kInterrupted);
  CHECK(state(R"({"reason":"failed","steps":24,"error":"no disk"})") == RunState::kFailed);
  // Of an earlier process: this one went on, and was killed.
  CHECK(state(R"({"reason":"finished","steps":16})") == RunState::kInterrupted);
  CHECK(state("not json") == RunState::kInterrupted);
  CHECK(state(R"([1])") == RunState::kInterrupted);
}

TEST_CASE("progress counts towards the limit that comes first") {
  const auto progress = [](const char* train) {
    const std::string config = std::string("train: ") + train;
    return runs::read_overview(Run("", config.c_str()).path).progress;
  };
  CHECK(progress("{epochs: 4, max_steps: 30}") == 0.8);
  CHECK(progress("{epochs: 30, stop_after_epochs: 4}") == 0.75);
  CHECK(progress("{epochs: 2}") == 1);
  CHECK(progress("{batch_size: 2}") == std::nullopt);
  CHECK(progress("{epochs: {of: 4}}") == std::nullopt);
}

TEST_CASE("a configuration that cannot be read leaves the rest") {
  const RunOverview seen = runs::read_overview(Run("", "name: [\n").path);
  CHECK(seen.name == "a");
  CHECK(seen.metric == "val.top1");
  CHECK(seen.best == 0.7);
  CHECK(seen.best_step == 8);
}

TEST_CASE("runs are found below a folder, trials of sweeps too, checkpoints are none") {
  const test::TemporaryFolder dir;
  for (const char* run : {"a/1", "a/2", "b/sweep-1/trial-001/1", ".hidden/1"})
    test::write(dir.path() / run / "config.yaml", "name: a\n");
  test::write(dir.path() / "a/1/checkpoints/step-00000001/config.yaml", "name: a\n");
  test::write(dir.path() / "lone/step-00000001/config.yaml", "name: a\n");
  test::write(dir.path() / "lone/step-00000001/manifest.json", "{}");
  std::filesystem::create_directory_symlink(dir.path(), dir.path() / "a" / "loop");
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  std::filesystem::last_write_time(dir.path() / "a/2/config.yaml", old);
  const auto found = runs::find_runs(dir.path());
  REQUIRE(found.size() == 3);
  CHECK(found.back().path == dir.path() / "a" / "2");
  CHECK(runs::find_runs(dir.path() / "a").size() == 2);
  CHECK(runs::find_runs(dir.path() / "a" / "2").size() == 1);
  CHECK(runs::find_runs(dir.path(), 2).size() == 2);
  CHECK_THROWS_AS(runs::find_runs(dir.path() / "nowhere"), ConfigError);
  CHECK_THROWS_AS(runs::read_overview(dir.path()), ConfigError);
}

#include "stoker/sweep/coordinator.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "stoker/core/file.h"
#include "stoker/core/interrupt.h"
#include "stoker/sweep/status.h"
#include "support/catch.h"
#include "sweep/sweeps.h"

using namespace stoker;
using sweep::SweepEnd;
using sweep::Trial;
using sweep::TrialState;

namespace {

int64_t count(const std::vector<Trial>& trials, TrialState state) {
  return std::ranges::count(trials, state, &Trial::state);
}

bool any_trained_twice(const std::filesystem::path& sweep) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(sweep))
    if (entry.path().filename() == "trained-twice") return true;
  return false;
}

}  // namespace

TEST_CASE("each trial is a run of its own, with its figures in the register") {
  test::Sweep sweep(test::plan_of({"value=0.5,0.9,0.7"}));
  CHECK(sweep.run(sweep.options()) == SweepEnd::kFinished);
  const auto trials = sweep.trials();
  REQUIRE(trials.size() == 3);
  for (const Trial& trial : trials) {
    CHECK(trial.state == TrialState::kDone);
    CHECK(trial.exit_code == 0);
    CHECK(trial.attempts == 1);
    CHECK(trial.steps == 20);
    CHECK(trial.train_time_s == 10);
    CHECK(trial.peak_bytes == 1000);
  }
  CHECK(trials[1].run == "trial-002/1");
  CHECK(trials[1].metrics.at("val.top1") == Approx(0.9));
}

TEST_CASE("32 trials at once leave the register to one writer") {
  test::Sweep sweep(test::plan_of({"value=1..32"}));
  auto options = sweep.options();
  options.jobs = 32;
  CHECK(sweep.run(options) == SweepEnd::kFinished);
  CHECK(count(sweep.trials(), TrialState::kDone) == 32);
}

TEST_CASE("what is done is not run again by the same command") {
  test::Sweep sweep(test::plan_of({"value=0.5,0.9"}));
  sweep.run(sweep.options());
  const auto before = sweep.trials();
  CHECK(sweep.run(sweep.options()) == SweepEnd::kFinished);
  CHECK(sweep.trials() == before);
}

TEST_CASE("a trial that fails is kept with exit code and reason and the others go on") {
  test::Sweep sweep(test::plan_of({"exit=0,3", "value=0.5,0.9"}));
  CHECK(sweep.run(sweep.options()) == SweepEnd::kFinished);
  const auto trials = sweep.trials();
  CHECK(count(trials, TrialState::kDone) == 2);
  CHECK(trials[2].state == TrialState::kFailed);
  CHECK(trials[2].exit_code == 3);
  CHECK(trials[2].reason == "stoker: data: no image here");
  // Failed ones stay as they are, until they are asked for.
  sweep.run(sweep.options());
  CHECK(sweep.trials()[2].attempts == 1);
  auto options = sweep.options();
  options.retries_failed = true;
  sweep.run(options);
  CHECK(sweep.trials()[2].attempts == 2);
  CHECK(sweep.trials()[2].state == TrialState::kFailed);
  CHECK_FALSE(any_trained_twice(sweep.path()));
}

TEST_CASE("a crash ends its trial alone") {
  test::Sweep sweep(test::plan_of({"abort=0,1"}));
  sweep.run(sweep.options());
  CHECK(sweep.trials()[0].state == TrialState::kDone);
  CHECK(sweep.trials()[1].state == TrialState::kFailed);
  CHECK(sweep.trials()[1].reason == "ended by signal 6");
  CHECK(sweep.trials()[1].exit_code == 134);
}

TEST_CASE("the first failure ends the sweep where that is asked for") {
  test::Sweep sweep(test::plan_of({"exit=3,0", "value=1..9", "step_ms=5"}));
  auto options = sweep.options();
  options.fails_fast = true;
  CHECK(sweep.run(options) == SweepEnd::kFailedFast);
  const auto trials = sweep.trials();
  CHECK(count(trials, TrialState::kFailed) >= 1);
  CHECK(count(trials, TrialState::kQueued) >= 9);
  CHECK(count(trials, TrialState::kRunning) == 0);
}

TEST_CASE("an interrupted sweep stops its trials with checkpoints and goes on from them") {
  test::Sweep sweep(test::plan_of({"value=1..4", "step_ms=20,21"}));
  std::thread([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    set_interrupt(SIGTERM);
  }).detach();
  CHECK(sweep.run(sweep.options()) == SweepEnd::kInterrupted);
  set_interrupt(0);
  CHECK(count(sweep.trials(), TrialState::kInterrupted) == 2);
  CHECK(sweep.trials()[0].exit_code == 75);
  // Whoever looks sees the same.
  CHECK(sweep::read_status(sweep.path(), "val.top1").trials == sweep.trials());
  CHECK(sweep.run(sweep.options()) == SweepEnd::kFinished);
  CHECK(count(sweep.trials(), TrialState::kDone) == 8);
  CHECK(sweep.trials()[0].attempts == 2);
  CHECK_FALSE(any_trained_twice(sweep.path()));
}

TEST_CASE("a sweep ends with its time") {
  test::Sweep sweep(test::plan_of({"step_ms=100,101"}));
  auto options = sweep.options();
  options.max_hours = 0.3 / 3600;
  CHECK(sweep.run(options) == SweepEnd::kOutOfTime);
  CHECK(count(sweep.trials(), TrialState::kInterrupted) == 2);
}

TEST_CASE("a trial that is killed again and again without getting on fails") {
  test::Sweep sweep(test::plan_of({"step_ms=300,301"}));
  auto options = sweep.options();
  options.jobs = 1;
  options.deaths_without_progress = 2;
  std::atomic<bool> is_over = false;
  std::thread killer([&] {
    while (!is_over) {
      std::this_thread::sleep_for(std::chrono::milliseconds(60));
      const Trial first = sweep.trials()[0];
      if (first.state == TrialState::kRunning) ::kill(static_cast<pid_t>(first.process), SIGKILL);
    }
  });
  sweep.run(options);
  is_over = true;
  killer.join();
  CHECK(sweep.trials()[0].state == TrialState::kFailed);
  CHECK_THAT(sweep.trials()[0].reason, Catch::Contains("killed by signal 9 2 times"));
  CHECK(sweep.trials()[1].state == TrialState::kDone);
}

TEST_CASE("halving trains survivors on from their checkpoints and no step twice") {
  auto plan = test::plan_of({"value=1..9"});
  plan.halving = sweep::Halving{.eta = 3};
  test::Sweep sweep(plan);
  CHECK(sweep.run(sweep.options()) == SweepEnd::kFinished);
  const auto trials = sweep.trials();
  CHECK(count(trials, TrialState::kDone) == 1);
  CHECK(count(trials, TrialState::kPruned) == 8);
  CHECK(trials[8].state == TrialState::kDone);
  CHECK(trials[8].rung_values.size() == 3);
  int64_t steps = 0;
  for (const Trial& trial : trials) steps += trial.steps;
  // 20 steps in full: rungs end after 3 (of 2.2), 7 (of 6.7) and 20.
  CHECK(steps == 6 * 3 + 2 * 7 + 20);
  CHECK_FALSE(any_trained_twice(sweep.path()));
}

TEST_CASE("asynchronous halving ends with full trainings of the best") {
  auto plan = test::plan_of({"value=1..9"});
  plan.halving = sweep::Halving{.eta = 3, .is_asynchronous = true};
  test::Sweep sweep(plan);
  CHECK(sweep.run(sweep.options()) == SweepEnd::kFinished);
  CHECK(sweep.trials()[8].state == TrialState::kDone);
  CHECK(count(sweep.trials(), TrialState::kQueued) == 0);
  CHECK_FALSE(any_trained_twice(sweep.path()));
}

TEST_CASE("a trial behind the median of the others is ended early") {
  test::Sweep slow(test::plan_of({"value=5,6,7,1", "step_ms=120"}));
  auto options = slow.options();
  options.jobs = 4;
  options.prune = search::PruneOptions{.startup_trials = 3, .warmup_epochs = 1};
  CHECK(slow.run(options) == SweepEnd::kFinished);
  CHECK(slow.trials()[3].state == TrialState::kPruned);
  CHECK(slow.trials()[3].reason == "behind the median of the others");
  CHECK(slow.trials()[3].steps < 20);
  CHECK(slow.trials()[2].state == TrialState::kDone);
}

TEST_CASE("a trial that was run by hand is found by its folder") {
  test::Sweep sweep(test::plan_of({"value=0.5,0.9"}));
  const Trial second = sweep.trials()[1];
  std::filesystem::create_directories(sweep.path() / "trial-002");
  launch::Child child({.command = {FAKE_TRAINER, "train", "base.yaml", "value=0.9",
                                   "run.dir=" + sweep.path().string(), "name=trial-002"},
                       .output = sweep.path() / "trial-002" / "output.txt"});
  child.go();
  while (!child.ended()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  sweep.run(sweep.options());
  CHECK(sweep.trials()[1].state == TrialState::kDone);
  CHECK(sweep.trials()[1].attempts == 0);
}

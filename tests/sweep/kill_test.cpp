// SIGKILL for coordinators and trials at random moments: no trial lost, none trained twice.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include "stoker/core/log.h"
#include "stoker/runs/lock.h"
#include "support/catch.h"
#include "sweep/sweeps.h"

using namespace stoker;
using sweep::Trial;
using sweep::TrialState;

namespace {

pid_t start_coordinator(test::Sweep& sweep) {
  const pid_t process = fork();
  if (process == 0) {
    try {
      const runs::RunLock lock(sweep.path());
      auto options = sweep.options();
      options.deaths_without_progress = 1'000'000;
      _exit(sweep.run(options) == sweep::SweepEnd::kFinished ? 0 : 1);
    } catch (const std::exception& error) {
      const std::string text = error.what();
      if (write(STDERR_FILENO, text.data(), text.size()) < 0) _exit(99);
      _exit(98);
    }
  }
  return process;
}

// Whether there was something to kill.
bool kill_after(pid_t coordinator, test::Sweep& sweep, std::chrono::microseconds time,
                bool kills_trial) {
  std::this_thread::sleep_for(time);
  if (kills_trial) {
    for (const Trial& trial : sweep.trials()) {
      const auto process = static_cast<pid_t>(trial.process);
      if (trial.state == TrialState::kRunning && process != 0 &&
          launch::process_start(process) == trial.process_start)
        return ::kill(process, SIGKILL) == 0;
    }
    return false;
  }
  ::kill(coordinator, SIGKILL);
  int status = 0;
  waitpid(coordinator, &status, 0);
  return WIFSIGNALED(status);
}

}  // namespace

TEST_CASE("kills at random moments lose no trial and train none twice", "[kill]") {
  // STOKER_SWEEP_KILLS=200 for the promise of docs/sweeps.md; a few of them each time.
  const char* wanted = std::getenv("STOKER_SWEEP_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 16;
  std::mt19937 chance(20261129);
  int done = 0;
  while (done < kills) {
    test::Sweep sweep(test::plan_of({"value=1..6", "step_ms=4"}));
    for (bool is_over = false; !is_over;) {
      const pid_t coordinator = start_coordinator(sweep);
      bool is_alive = true;
      while (is_alive && done < kills) {
        const bool kills_trial = chance() % 2 == 0;
        const std::chrono::microseconds time(chance() % 90'000);
        if (kill_after(coordinator, sweep, time, kills_trial)) ++done;
        // One that is refused, since a child of the one before still holds the lock, begins again.
        int status = 1;
        is_alive = kills_trial && waitpid(coordinator, &status, WNOHANG) == 0;
        is_over = kills_trial && !is_alive && status == 0;
      }
      if (is_alive) {
        int status = 0;
        waitpid(coordinator, &status, 0);
        is_over = status == 0;
      }
      if (!is_over) is_over = std::ranges::all_of(sweep.trials(), &Trial::is_over);
    }
    for (const Trial& trial : sweep.trials()) {
      INFO(trial.id() << " " << trial.reason);
      CHECK(trial.state == TrialState::kDone);
      CHECK(trial.steps == 20);
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(sweep.path()))
      CHECK(entry.path().filename() != "trained-twice");
  }
}

TEST_CASE("a second coordinator of a sweep is refused") {
  const test::TemporaryFolder folder;
  const runs::RunLock first(folder.path());
  CHECK_THROWS_WITH(runs::RunLock(folder.path(), "Wait for it."), Catch::Contains("Wait for it."));
}

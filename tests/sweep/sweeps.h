// Sweeps of the fake trainer.
#pragma once

#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <vector>

#include "stoker/core/log.h"
#include "stoker/sweep/coordinator.h"
#include "support/temporary.h"

namespace stoker::test {

inline sweep::SweepPlan plan_of(std::vector<std::string> words) {
  sweep::SweepPlan plan;
  plan.space = search::parse_space(words);
  return plan;
}

// A sweep's folder with its register; trials are made of the plan.
class Sweep {
 public:
  explicit Sweep(const sweep::SweepPlan& plan) {
    log().set_level(spdlog::level::err);
    std::string base;
    for (const std::string& word : plan.space.fixed) base += word + "\n";
    write(path() / "base.yaml", base);
    std::vector<sweep::Trial> trials = sweep::make_trials(plan);
    for (sweep::Trial& trial : trials) trial.epochs = 4;
    sweep::Register::create(path() / sweep::Register::kFile, sweep::identity_of(plan), trials);
  }
  const std::filesystem::path& path() const { return folder_.path(); }
  sweep::CoordinatorOptions options() const {
    return {.folder = path(), .program = {FAKE_TRAINER}, .jobs = 2};
  }
  // Opens the register, runs a coordinator to its end and returns how it ended.
  sweep::SweepEnd run(sweep::CoordinatorOptions options) {
    auto book = sweep::Register::open(path() / sweep::Register::kFile);
    sweep::Coordinator coordinator(book, std::move(options));
    return coordinator.run();
  }
  std::vector<sweep::Trial> trials() const {
    return sweep::Register::open(path() / sweep::Register::kFile).trials();
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace stoker::test

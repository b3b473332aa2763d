// Runs a sweep's trials, each in a process of its own, until none is left to run.
//
//   Coordinator coordinator(book, {.folder = sweep, .program = {"/usr/bin/stoker"}, .jobs = 2});
//   const SweepEnd end = coordinator.run();
//
// Whoever kills it, or a trial, at any moment: the register says what was under way, the folders of
// the trials what became of it, and the next coordinator goes on from there.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stoker/core/clock.h"
#include "stoker/launch/process.h"
#include "stoker/launch/slots.h"
#include "stoker/search/prune.h"
#include "stoker/sweep/plan.h"
#include "stoker/sweep/register.h"

namespace stoker::sweep {

struct CoordinatorOptions {
  std::filesystem::path folder;      // of the sweep
  std::vector<std::string> program;  // the words that stand before "train"
  int jobs = 1;
  std::optional<double> max_hours;
  bool fails_fast = false;  // the first failure ends the sweep
  bool retries_failed = false;
  std::string metric = "val.top1";
  std::optional<search::PruneOptions> prune;
  // So many times in a row a trial may be killed from outside without a checkpoint in between.
  int64_t deaths_without_progress = 5;
};

enum class SweepEnd { kFinished, kInterrupted, kOutOfTime, kFailedFast };

class Coordinator {
 public:
  // The register is the caller's, locked by it against other coordinators.
  Coordinator(Register& book, CoordinatorOptions options);
  SweepEnd run();
  const std::vector<Trial>& trials() const { return trials_; }

 private:
  struct Running {
    size_t trial;
    size_t slot;
    std::optional<launch::Child> child;  // none: another coordinator started it
    bool is_pruned = false;
    bool was_stopped = false;
  };
  struct Deaths {
    int64_t step = 0, count = 0;
  };

  void take_over();
  bool poll();  // whether anything ended
  void end(Running& running, const std::optional<launch::Ending>& ending);
  void note(Trial trial);
  void decide();
  void start_all();
  bool start(size_t trial, size_t slot);
  std::optional<size_t> next_trial() const;
  std::optional<size_t> free_slot() const;
  void prune();
  void stop(Running& running);
  void stop_all();
  std::optional<SweepEnd> reason_to_stop() const;

  Register& book_;
  CoordinatorOptions options_;
  SweepPlan plan_;
  std::vector<Trial> trials_;
  std::vector<double> shares_;
  std::vector<launch::Slot> slots_;
  std::vector<Running> running_;
  std::map<int64_t, Deaths> deaths_;
  bool has_failed_ = false;
  Stopwatch watch_, since_prune_;
};

}  // namespace stoker::sweep

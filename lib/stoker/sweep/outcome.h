// What an attempt of a trial came to, by its exit code where there is one and by what it left in
// its folder.
//
//   trial = judged(std::move(trial), folder, {.ending = ending, .rungs = 3, .metric = "val.top1"});
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stoker/launch/process.h"
#include "stoker/sweep/trial_folder.h"

namespace stoker::sweep {

struct Attempt {
  std::optional<launch::Ending> ending;  // none: a process that another coordinator started
  bool is_pruned = false;                // it was asked to stop because others were better
  int64_t rungs = 1;
  std::string metric;
};

// done, queued at the end of a rung that is not the last, failed, pruned or interrupted.
Trial judged(Trial trial, const TrialFolder& folder, const Attempt& attempt);

// The trial with what its folder says that it has trained.
Trial with_figures(Trial trial, const TrialFolder& folder, const RunSummary& summary);

}  // namespace stoker::sweep

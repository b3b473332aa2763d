// Where a run goes on: its folder, locked, and a checkpoint that is whole.
//
//   ResumePoint point = find_resume_point("runs/cifar10/1");
//   run::check_resume(point, config);
//   jobs::run_training({.config = config, .resume = std::move(point)});
#pragma once

#include <filesystem>
#include <optional>

#include "stoker/runs/checkpoints.h"
#include "stoker/runs/folder.h"
#include "stoker/runs/lock.h"

namespace stoker::runs {

struct ResumePoint {
  RunFolder folder;
  std::optional<RunLock> lock;                // none: another rank holds it
  std::optional<WholeCheckpoint> checkpoint;  // none: the run has saved nothing yet
  bool is_named = false;                      // the user named the checkpoint, rather than the run

  // The configuration to go on with where the user gives none: the run's, or that of the checkpoint
  // that was named.
  std::filesystem::path config() const;
};

// path: a run's folder, which means its newest whole checkpoint; or a checkpoint or a pointer
// (checkpoints/best) in one. locks: of several ranks the first does. Throws ConfigError for
// anything else and for a run in use, DataError for a named checkpoint that is damaged.
ResumePoint find_resume_point(const std::filesystem::path& path, bool locks = true);

// The run under `dir` that was written to last, whatever its name. Throws ConfigError.
RunFolder newest_run(const std::filesystem::path& dir);

}  // namespace stoker::runs

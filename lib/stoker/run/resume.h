// Going on with a run: which one, from where, and what may have changed.
//
//   ResumePoint point = find_resume_point("runs/cifar10/1");
//   check_resume(point, config);
//   jobs::run_training({.config = config, .resume = std::move(point)});
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "stoker/run/run_config.h"
#include "stoker/runs/folder.h"
#include "stoker/runs/lock.h"
#include "stoker/train/checkpoint_store.h"

namespace stoker::run {

// A run's folder, locked, and the checkpoint to go on from, which has been verified.
struct ResumePoint {
  runs::RunFolder folder;
  runs::RunLock lock;
  std::optional<train::CheckpointStore::Whole> checkpoint;  // none: the run has saved nothing yet
  bool is_named = false;  // the user named the checkpoint, rather than the run

  // The configuration to go on with where the user gives none: the run's, or that of the checkpoint
  // that was named.
  std::filesystem::path config() const;
};

// path: a run's folder, which means its newest whole checkpoint; or a checkpoint or a pointer
// (checkpoints/best) in one. Throws ConfigError for anything else and for a run in use, DataError
// for a named checkpoint that is damaged.
ResumePoint find_resume_point(const std::filesystem::path& path);

// The run under `dir` that was written to last, whatever its name. Throws ConfigError.
runs::RunFolder newest_run(const std::filesystem::path& dir);

// Logs every key whose value differs from the one the checkpoint was trained with. Throws
// ConfigError listing those that must stay, each with its reason.
void check_resume(const ResumePoint& point, RunConfig now);

}  // namespace stoker::run

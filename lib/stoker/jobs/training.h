// A training run from its configuration to its summary.
//
//   TrainingResult result = run_training({.config = config});
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stoker/config/values.h"
#include "stoker/core/file.h"
#include "stoker/jobs/ranks.h"
#include "stoker/run/run_config.h"
#include "stoker/runs/folder.h"
#include "stoker/runs/resume_point.h"
#include "stoker/train/trainer.h"

namespace stoker::jobs {

struct TrainingRequest {
  run::RunConfig config;
  config::Provenance provenance = {};                       // of its values; kept with the run
  std::optional<runs::ResumePoint> resume;                  // go on from here, else start a new run
  std::vector<std::unique_ptr<train::Callback>> callbacks;  // besides those of `log:`
  FileSystem* files = nullptr;                              // none: the real one
  RankOptions ranks;
};

struct TrainingResult {
  train::StopReason reason = train::StopReason::kFinished;
  std::optional<runs::RunFolder> folder;  // of the first rank, which alone writes one
};

// What a start of training refuses of the places where a configuration has it write, and of the
// address that it is to be read at; nothing is left there. is_new: with a folder of its own, and
// not in that of a run that goes on. Throws FileError and ConfigError.
void check_destinations(const run::RunConfig& config, bool is_new);

// Trains, evaluates, saves and writes the run's folder. Throws what stops it; a summary with the
// reason is written even then. Of several ranks each calls it with the same configuration.
TrainingResult run_training(TrainingRequest request);

}  // namespace stoker::jobs

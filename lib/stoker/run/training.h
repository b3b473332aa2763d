// A training run from its configuration to its summary.
//
//   TrainingResult result = run_training({.config = config, .config_yaml = yaml});
#pragma once

#include <optional>
#include <string>

#include "stoker/run/folder.h"
#include "stoker/run/run_config.h"
#include "stoker/train/trainer.h"

namespace stoker::run {

struct TrainingRequest {
  RunConfig config;
  std::string config_yaml;          // resolved, to be kept with the run
  std::optional<RunFolder> resume;  // go on in this folder, else start a new one
};

struct TrainingResult {
  train::StopReason reason = train::StopReason::kFinished;
  RunFolder folder;
};

// Trains, evaluates, saves and writes the run's folder. Throws what stops it; a summary with the
// reason is written even then.
TrainingResult run_training(TrainingRequest request);

}  // namespace stoker::run

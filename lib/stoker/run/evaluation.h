// Metrics of a checkpoint on a data set.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "stoker/metrics/classification.h"

namespace stoker::run {

struct EvaluationResult {
  std::filesystem::path checkpoint;
  int64_t step = 0;  // of the checkpoint
  std::vector<std::string> class_names;
  metrics::ClassificationResult metrics;
  double time_s = 0;
};

// path: a run's folder (its best checkpoint), a pointer or a checkpoint. The checkpoint's own
// configuration says what to evaluate on and how; overrides change it (data.root=…, device=cpu).
EvaluationResult run_evaluation(const std::filesystem::path& path,
                                std::span<const std::string> overrides);

}  // namespace stoker::run

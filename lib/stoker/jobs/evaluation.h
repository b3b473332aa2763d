// Metrics of a checkpoint on a data set.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "stoker/data/dataset.h"
#include "stoker/jobs/ranks.h"
#include "stoker/metrics/classification.h"

namespace stoker::jobs {

struct EvaluationResult {
  std::filesystem::path checkpoint;
  int64_t step = 0;  // of the checkpoint
  std::vector<std::string> class_names;
  metrics::ClassificationResult metrics;
  double time_s = 0;
  int64_t unreadable_count = 0;  // images left out under data.on_error=skip
};

// path: a run's folder (its best checkpoint), a pointer or a checkpoint. The checkpoint's own
// configuration says what to evaluate on and how; overrides change it (data.root=…, device=cpu).
// Labels are matched by the classes' names; classes that the model does not know are a DataError.
// Images of the training split are made ready as those of validation are. on_progress is called
// with the images that are done, and of how many, unless the configuration sets log.progress=false.
// Of several ranks each calls it, does its share, and gets the same metrics.
EvaluationResult run_evaluation(const std::filesystem::path& path,
                                std::span<const std::string> overrides,
                                data::Split split = data::Split::kVal,
                                const std::function<void(int64_t, int64_t)>& on_progress = {},
                                const RankOptions& ranks = {});

}  // namespace stoker::jobs

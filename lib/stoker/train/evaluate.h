// Metrics of a model on a data set.
#pragma once

#include <vector>

#include "stoker/metrics/classification.h"
#include "stoker/metrics/guesses.h"
#include "stoker/train/inference.h"

namespace stoker::train {

struct Evaluation {
  metrics::ClassificationResult metrics;
  Unreadable unreadable;
  std::vector<metrics::Guess> guesses;  // of all ranks, where the options ask for them
  int64_t batch_size = 0;               // that it was done with
};

// As infer(); where a batch does not fit, all begins again with half of it. The loss is without
// label smoothing. Throws DataError where not one image could be read.
Evaluation evaluate(models::Model& model, const Source& source, const InferenceOptions& options);

}  // namespace stoker::train

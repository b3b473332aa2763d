// Metrics of a model on a data set.
#pragma once

#include "stoker/metrics/classification.h"
#include "stoker/train/inference.h"

namespace stoker::train {

struct Evaluation {
  metrics::ClassificationResult metrics;
  Unreadable unreadable;
};

// As infer(). The loss is without label smoothing. Throws DataError where not one image could be
// read.
Evaluation evaluate(models::Model& model, const Source& source, const InferenceOptions& options);

}  // namespace stoker::train

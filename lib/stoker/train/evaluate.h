// Metrics of a model on a data set.
#pragma once

#include "stoker/metrics/classification.h"
#include "stoker/models/model.h"
#include "stoker/train/feed.h"
#include "stoker/train/unreadable.h"

namespace stoker::train {

struct EvaluateOptions {
  int64_t batch_size = 1000;  // of views
  Precision precision = Precision::kFp32;
  LossKind loss = LossKind::kCrossEntropy;
  int64_t max_images = 0;  // 0: all
};

struct Evaluation {
  metrics::ClassificationResult metrics;
  Unreadable unreadable;
};

// Runs the model in eval mode without gradients and puts its mode back. The loss is without label
// smoothing. Where the source repeats samples, these are views whose predictions are averaged.
// Throws Interrupted when a signal asked to stop, DataError where not one image could be read.
Evaluation evaluate(models::Model& model, const Source& source, at::Device device,
                    const EvaluateOptions& options);

}  // namespace stoker::train

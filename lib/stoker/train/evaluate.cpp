#include "stoker/train/evaluate.h"

#include "stoker/core/error.h"

namespace stoker::train {

Evaluation evaluate(models::Model& model, const Source& source, const InferenceOptions& options) {
  metrics::ClassificationMetrics metrics(
      static_cast<int64_t>(source.dataset->class_names().size()));
  const auto loss = losses::losses().build(options.loss, {});
  Unreadable unreadable = infer(model, source, options, [&](const AveragedViews& batch) {
    metrics.add(batch.logits, batch.labels,
                loss->per_sample(batch.logits, batch.labels, /*label_smoothing=*/0));
  });
  Evaluation evaluation{metrics.result(), std::move(unreadable)};
  if (evaluation.metrics.images == 0 && evaluation.unreadable.count > 0) {
    throw DataError(fmt::format("not one of the {} images to evaluate on could be read: {}",
                                evaluation.unreadable.count,
                                evaluation.unreadable.first.front().reason));
  }
  return evaluation;
}

}  // namespace stoker::train

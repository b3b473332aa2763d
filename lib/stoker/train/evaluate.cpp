#include "stoker/train/evaluate.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/ops/device_errors.h"
#include "stoker/ops/memory_meter.h"

namespace stoker::train {

namespace {

Evaluation evaluate_once(models::Model& model, const Source& source,
                         const InferenceOptions& options) {
  metrics::ClassificationMetrics metrics(
      static_cast<int64_t>(source.dataset->class_names().size()));
  const auto loss = losses::losses().build(options.loss, {});
  Unreadable unreadable = infer(model, source, options, [&](const AveragedViews& batch) {
    metrics.add(batch.logits, batch.labels,
                loss->per_sample(batch.logits, batch.labels, /*label_smoothing=*/0));
  });
  Evaluation evaluation{metrics.result(), std::move(unreadable), options.batch_size};
  if (evaluation.metrics.images == 0 && evaluation.unreadable.count > 0) {
    throw DataError(fmt::format("not one of the {} images to evaluate on could be read: {}",
                                evaluation.unreadable.count,
                                evaluation.unreadable.first.front().reason));
  }
  return evaluation;
}

}  // namespace

Evaluation evaluate(models::Model& model, const Source& source, const InferenceOptions& options) {
  const ops::DeviceWork work{
      .doing = std::string(options.doing),
      .device = options.device,
      .remedy = "Set eval.batch_size to a smaller number; the results stay the same."};
  const int64_t views = source.loader.repeats;
  InferenceOptions present = options;
  for (;;) {
    try {
      return ops::on_device(work, [&] { return evaluate_once(model, source, present); });
    } catch (const OutOfMemory& error) {
      const int64_t most = std::min(present.batch_size, source.dataset->size() * views);
      if (!options.may_shrink || most <= views) throw;
      present.batch_size = std::max((most + 1) / 2, views);
      log().warn(
          "{} with batches of {} images does not fit: {} It begins again with batches of {}.",
          options.doing, most, ops::memory_facts(error), present.batch_size);
    }
    ops::return_cached(options.device);
  }
}

}  // namespace stoker::train

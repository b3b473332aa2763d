#include "stoker/train/evaluate.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/train/autocast.h"
#include "stoker/train/average_views.h"
#include "stoker/train/loss.h"
#include "stoker/train/plan.h"

namespace stoker::train {

namespace {
// Puts a module into eval mode and its former mode back at the end of the scope.
class EvalMode {
 public:
  explicit EvalMode(models::Model& model) : model_(model), was_training_(model.is_training()) {
    model_.eval();
  }
  ~EvalMode() { model_.train(was_training_); }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  models::Model& model_;
  bool was_training_;
};
}  // namespace

Evaluation evaluate(models::Model& model, const Source& source, at::Device device,
                    const EvaluateOptions& options) {
  const EvalMode eval_mode(model);
  const at::NoGradGuard no_grad;
  int64_t samples = source.dataset->size();
  if (options.max_images > 0) samples = std::min(samples, options.max_images);

  Source ordered = source;
  ordered.loader.shuffle = false;
  const int64_t views = source.loader.repeats;
  Feed feed(ordered, device, options.precision,
            sequential_chunks(samples, options.batch_size, views));
  metrics::ClassificationMetrics metrics(
      static_cast<int64_t>(source.dataset->class_names().size()));
  while (auto batch = feed.next()) {
    if (batch->labels.size(0) == 0) continue;  // every sample was skipped as unreadable
    if (interrupt_signal() != 0) throw Interrupted("evaluation was interrupted");
    at::Tensor logits;
    {
      const Autocast autocast(device.type(), options.precision);
      logits = model.forward(batch->images);
    }
    const AveragedViews averaged = average_views(logits, *batch, views, options.loss);
    metrics.add(
        averaged.logits, averaged.labels,
        loss_per_sample(options.loss, /*label_smoothing=*/0, averaged.logits, averaged.labels));
  }
  Evaluation evaluation{metrics.result(), unreadable_of(feed.loader())};
  if (evaluation.metrics.images == 0 && evaluation.unreadable.count > 0)
    throw DataError(fmt::format("not one of the {} images to evaluate on could be read: {}",
                                samples, evaluation.unreadable.first.front().reason));
  return evaluation;
}

}  // namespace stoker::train

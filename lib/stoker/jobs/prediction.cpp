#include "stoker/jobs/prediction.h"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/topk.h>

#include <algorithm>
#include <optional>

#include "stoker/core/clock.h"
#include "stoker/data/image_list.h"
#include "stoker/jobs/trained_model.h"
#include "stoker/losses/loss.h"
#include "stoker/models/fold.h"
#include "stoker/run/build.h"
#include "stoker/train/inference.h"

namespace stoker::jobs {

namespace {

// What the predictions of a model are made of.
struct Reader {
  const std::vector<std::string>& class_names;
  int64_t top_k;
  std::optional<double> threshold;  // where images may have several labels
};

// Probabilities and classes of the k best, on the CPU, a row an image.
std::pair<at::Tensor, at::Tensor> best(const at::Tensor& logits, int64_t k,
                                       const losses::Loss& loss) {
  const auto [values, classes] = at::topk(loss.probabilities(logits.to(at::kFloat)), k, 1);
  return {values.to(at::kCPU, at::kDouble).contiguous(), classes.to(at::kCPU).contiguous()};
}

// Of `count` classes in their order.
Prediction prediction_of(const std::string& image, const double* values, const int64_t* classes,
                         int64_t count, const Reader& reader) {
  Prediction prediction{.image = image};
  if (reader.threshold) prediction.labels.emplace();
  for (int64_t i = 0; i < count; ++i) {
    const Prediction::Guess guess{reader.class_names.at(static_cast<size_t>(classes[i])),
                                  values[i]};
    if (i < reader.top_k) prediction.guesses.push_back(guess);
    if (reader.threshold && guess.probability >= *reader.threshold)
      prediction.labels->push_back(guess);
  }
  return prediction;
}

}  // namespace

PredictionTotals run_predictions(const std::filesystem::path& checkpoint,
                                 std::span<const std::string> overrides,
                                 std::vector<std::filesystem::path> images, int64_t top_k,
                                 const std::function<void(const Prediction&)>& emit,
                                 const std::function<void(int64_t, int64_t)>& on_progress) {
  const TrainedModel trained = load_trained_model(checkpoint, overrides);
  models::fold_branches(*trained.model);
  const int64_t all = std::ssize(trained.class_names);
  const bool is_multilabel = trained.config.task == run::Task::kMultilabel;
  Reader reader{.class_names = trained.class_names, .top_k = top_k};
  if (is_multilabel) reader.threshold = trained.config.eval.threshold;
  const int64_t k = is_multilabel ? all : std::min(top_k, all);
  const train::Source source =
      run::unlabelled_source(trained.config, data::open_image_list(std::move(images)));
  const train::InferenceOptions options{
      .device = trained.device,
      .batch_size = trained.config.eval.batch_size,
      .precision = trained.config.train.precision,
      .loss = trained.config.train.loss,
      .doing = "prediction",
      .divides_batches = trained.config.memory.microbatch != train::MicrobatchMode::kFixed,
      .on_progress = trained.config.log.progress ? on_progress : nullptr};
  const auto loss = losses::losses().build(trained.config.train.loss, {});
  const Stopwatch watch;
  PredictionTotals totals;
  const auto emit_batch = [&](const train::AveragedViews& batch) {
    const auto [values, classes] = best(batch.logits, k, *loss);
    const at::Tensor finite = at::isfinite(batch.logits).all(1).cpu();
    for (int64_t i = 0; i < std::ssize(batch.samples); ++i) {
      if (!finite.const_data_ptr<bool>()[i]) {
        totals.nonfinite.push_back(source.dataset->name(batch.samples[i]));
        continue;
      }
      ++totals.images;
      emit(prediction_of(source.dataset->name(batch.samples[i]),
                         values.const_data_ptr<double>() + i * k,
                         classes.const_data_ptr<int64_t>() + i * k, k, reader));
    }
  };
  train::Unreadable unreadable = train::infer(*trained.model, source, options, emit_batch);
  totals.time_s = watch.elapsed_s();
  totals.unreadable = std::move(unreadable.first);
  totals.unreadable_count = unreadable.count;
  return totals;
}

}  // namespace stoker::jobs

#include "stoker/jobs/prediction.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>

#include <algorithm>
#include <chrono>

#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/data/image_list.h"
#include "stoker/jobs/trained_model.h"
#include "stoker/run/build.h"
#include "stoker/train/autocast.h"
#include "stoker/train/average_views.h"

namespace stoker::jobs {

namespace {

train::AveragedViews predict(const TrainedModel& trained, const ops::TensorBatch& batch) {
  at::Tensor logits;
  {
    const train::Autocast autocast(trained.device.type(), trained.config.train.precision);
    logits = trained.model->forward(batch.images);
  }
  return train::average_views(logits, batch, trained.config.eval.tta.count(),
                              trained.config.train.loss);
}

// Probabilities and classes of the k best, on the CPU, a row an image.
std::pair<at::Tensor, at::Tensor> best(const at::Tensor& logits, int64_t k) {
  const auto [values, classes] = at::topk(at::softmax(logits.to(at::kFloat), 1), k, 1);
  return {values.to(at::kCPU, at::kDouble).contiguous(), classes.to(at::kCPU).contiguous()};
}

Prediction prediction_of(const std::string& image, const double* values, const int64_t* classes,
                         int64_t k, const std::vector<std::string>& class_names) {
  Prediction prediction{.image = image};
  for (int64_t i = 0; i < k; ++i) {
    prediction.guesses.push_back({class_names.at(static_cast<size_t>(classes[i])), values[i]});
  }
  return prediction;
}

}  // namespace

PredictionTotals run_predictions(const std::filesystem::path& checkpoint,
                                 std::span<const std::string> overrides,
                                 std::vector<std::filesystem::path> images, int64_t top_k,
                                 const std::function<void(const Prediction&)>& emit) {
  const TrainedModel trained = load_trained_model(checkpoint, overrides);
  trained.model->eval();
  const at::NoGradGuard no_grad;
  const int64_t k = std::min<int64_t>(top_k, std::ssize(trained.class_names));
  train::Source source =
      run::unlabelled_source(trained.config, data::open_image_list(std::move(images)));

  const auto start = std::chrono::steady_clock::now();
  train::Feed feed(source, trained.device, trained.config.train.precision,
                   train::sequential_chunks(source.dataset->size(), trained.config.eval.batch_size,
                                            source.loader.repeats));
  PredictionTotals totals;
  while (auto batch = feed.next()) {
    if (interrupt_signal() != 0) throw Interrupted("prediction was interrupted");
    if (batch->samples.empty()) continue;
    const train::AveragedViews averaged = predict(trained, *batch);
    const auto [values, classes] = best(averaged.logits, k);
    for (int64_t i = 0; i < std::ssize(averaged.samples); ++i) {
      emit(prediction_of(source.dataset->name(averaged.samples[i]),
                         values.const_data_ptr<double>() + i * k,
                         classes.const_data_ptr<int64_t>() + i * k, k, trained.class_names));
    }
    totals.images += std::ssize(averaged.samples);
  }
  totals.time_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  totals.unreadable = feed.loader().skipped();
  totals.unreadable_count = feed.loader().skipped_count();
  return totals;
}

}  // namespace stoker::jobs

#include "stoker/callbacks/tensorboard.h"

#include <cmath>
#include <string>

#include "stoker/callbacks/batch_picture.h"
#include "stoker/callbacks/event_file.h"
#include "stoker/callbacks/tensor_histogram.h"
#include "stoker/machine/memory.h"

namespace stoker::callbacks {

namespace {

using train::Event;
using train::State;

// Whether the step under way, of which `state.step` are done, is the first of a period.
bool starts_period(const State& state, std::optional<double> every_epochs) {
  if (!every_epochs) return false;
  const double steps = *every_epochs * static_cast<double>(state.plan.steps_per_epoch);
  const auto periods = [&](int64_t step) {
    return std::floor((static_cast<double>(step) + 1e-6) / steps);
  };
  return state.step == 0 || periods(state.step) > periods(state.step - 1);
}

EventFile::Scalars train_scalars(const State& state) {
  const train::LogWindow& w = state.window;
  EventFile::Scalars scalars{{"train/lr", w.lr},
                             {"train/images_per_s", static_cast<double>(w.images) / w.time_s},
                             {"train/data_wait", w.data_wait_s / w.time_s},
                             {"train/memory_gib", machine::memory_gib(state.device)}};
  if (w.loss_images > 0) {
    scalars.emplace_back("train/loss", w.loss_sum / static_cast<double>(w.loss_images));
  }
  return scalars;
}

class TensorBoard : public train::Callback {
 public:
  TensorBoard(FileSystem& files, const LogOptions& options,
              const kernels::Normalization& normalization, const std::filesystem::path& folder)
      : options_(options), normalization_(normalization), file_(files, folder) {}

  void observe(Event event, const State& state) override {
    if (event == Event::kFitStart) file_.start_at(state.step);
    if (event == Event::kLog) file_.write_scalars(state.step, train_scalars(state));
    if (event == Event::kBatchReady) write_batch(state);
    if (event == Event::kGradientsReady) write_histograms(state);
    if (event == Event::kEvalDone && state.eval) {
      const metrics::ClassificationResult& r = state.eval->result;
      file_.write_scalars(state.eval->step,
                          {{"val/loss", r.loss}, {"val/top1", r.top1}, {"val/top5", r.top5}});
    }
  }

 private:
  // The first micro-batch of a step that is due.
  void write_batch(const State& state) {
    if (pictured_step_ == state.step || !starts_period(state, options_.images)) return;
    pictured_step_ = state.step;
    const Picture picture =
        batch_picture(state.images, state.labels, state.class_names, normalization_);
    file_.write_image(state.step, "train/batch", picture.png, picture.width, picture.height);
  }

  // fp16's gradients still carry the scale of the loss.
  void write_histograms(const State& state) {
    if (!starts_period(state, options_.histograms)) return;
    const double scale = state.scaler != nullptr ? state.scaler->scale_value() : 1;
    for (const auto& item : state.model.named_parameters()) {
      file_.write_histogram(state.step, "weights/" + item.key(), tensor_histogram(item.value()));
      if (!item.value().grad().defined()) continue;
      file_.write_histogram(state.step, "gradients/" + item.key(),
                            tensor_histogram(item.value().grad(), scale));
    }
  }

  LogOptions options_;
  kernels::Normalization normalization_;
  EventFile file_;
  int64_t pictured_step_ = -1;
};

}  // namespace

std::unique_ptr<train::Callback> make_tensorboard(FileSystem& files, const LogOptions& options,
                                                  const kernels::Normalization& normalization,
                                                  const std::filesystem::path& folder) {
  return std::make_unique<TensorBoard>(files, options, normalization, folder);
}

}  // namespace stoker::callbacks

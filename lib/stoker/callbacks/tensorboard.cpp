#include "stoker/callbacks/tensorboard.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>

#include "stoker/callbacks/batch_picture.h"
#include "stoker/callbacks/columns.h"
#include "stoker/callbacks/event_file.h"
#include "stoker/callbacks/tensor_histogram.h"

namespace stoker::callbacks {

namespace {

using train::Event;
using train::State;

// Whether the step under way, of which `state.position.step` are done, is the first of a period.
bool starts_period(const State& state, std::optional<double> every_epochs) {
  if (!every_epochs) return false;
  const double steps = *every_epochs * static_cast<double>(state.facts.plan.steps_per_epoch);
  const auto periods = [&](int64_t step) {
    return std::floor((static_cast<double>(step) + 1e-6) / steps);
  };
  return state.position.step == 0 ||
         periods(state.position.step) > periods(state.position.step - 1);
}

// The drawn figures of a line, as "train/loss" or "val/top1". What is not finite has no point.
void write_scalars(EventFile& file, int64_t step, std::string_view split,
                   std::span<const Column> columns, const State& state) {
  std::vector<std::pair<std::string, double>> named;
  for (const Column& column : columns) {
    if (!column.is_drawn) continue;
    const double value =
        std::visit([](auto v) { return static_cast<double>(v); }, column.value(state));
    if (std::isfinite(value)) named.emplace_back(fmt::format("{}/{}", split, column.name), value);
  }
  EventFile::Scalars scalars(named.begin(), named.end());
  file.write_scalars(step, scalars);
}

class TensorBoard : public train::Callback {
 public:
  TensorBoard(FileSystem& files, const LogOptions& options,
              const kernels::Normalization& normalization, EventFile::HyperParameters parameters,
              const std::filesystem::path& folder)
      : options_(options),
        normalization_(normalization),
        parameters_(std::move(parameters)),
        file_(files, folder) {}

  void observe(Event event, const train::View& view) override {
    const State& state = view.state;
    if (event == Event::kFitStart) {
      file_.start_at(state.position.step);
      if (!parameters_.empty()) file_.write_hyper_parameters(parameters_);
    }
    if (event == Event::kFitDone && view.ending != nullptr && !parameters_.empty())
      file_.write_session_end(view.ending->reason != "failed");
    if (event == Event::kLog) {
      write_scalars(file_, state.position.step, "train", train_columns(), state);
    }
    if (event == Event::kBatchReady) write_batch(state, *view.batch);
    if (event == Event::kGradientsReady) write_histograms(state);
    if (event == Event::kEvalDone && state.eval) {
      write_scalars(file_, state.eval->step, "val", eval_columns(), state);
    }
  }

 private:
  // The first micro-batch of a step that is due.
  void write_batch(const State& state, const train::MicroBatch& batch) {
    if (pictured_step_ == state.position.step || !starts_period(state, options_.images)) return;
    pictured_step_ = state.position.step;
    const Picture picture = batch_picture(batch.images, train::targets_of(batch),
                                          state.facts.class_names, normalization_);
    file_.write_image(state.position.step, "train/batch", picture.bytes, picture.width,
                      picture.height);
  }

  // fp16's gradients still carry the scale of the loss.
  void write_histograms(const State& state) {
    if (!starts_period(state, options_.histograms)) return;
    const double scale = state.scaler() != nullptr ? state.scaler()->scale_value() : 1;
    for (const auto& item : state.model().named_parameters()) {
      file_.write_histogram(state.position.step, "weights/" + item.key(),
                            tensor_histogram(item.value()));
      if (!item.value().grad().defined()) continue;
      file_.write_histogram(state.position.step, "gradients/" + item.key(),
                            tensor_histogram(item.value().grad(), scale));
    }
  }

  LogOptions options_;
  kernels::Normalization normalization_;
  EventFile::HyperParameters parameters_;
  EventFile file_;
  int64_t pictured_step_ = -1;
};

}  // namespace

std::unique_ptr<train::Callback> make_tensorboard(FileSystem& files, const LogOptions& options,
                                                  const kernels::Normalization& normalization,
                                                  const EventFile::HyperParameters& parameters,
                                                  const std::filesystem::path& folder) {
  return std::make_unique<TensorBoard>(files, options, normalization, parameters, folder);
}

}  // namespace stoker::callbacks

#include "stoker/train/saver.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "stoker/core/log.h"
#include "stoker/train/metric_names.h"

namespace stoker::train {

namespace {

std::string message_of(const std::exception_ptr& pointer) {
  try {
    std::rethrow_exception(pointer);
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

CheckpointStore::Keep keep_of(const CheckpointOptions& options) {
  const bool lower = options.mode == MonitorMode::kAuto ? is_better_lower(options.monitor)
                                                        : options.mode == MonitorMode::kMin;
  return {.last = options.keep_last,
          .best = options.keep_best,
          .monitor = options.monitor,
          .lower_is_better = lower};
}

Saver::Saver(CheckpointStore& store, std::vector<std::filesystem::path> logs,
             CheckpointOptions options)
    : options_(std::move(options)),
      keep_(keep_of(options_)),
      writer_(store, keep_, std::move(logs)),
      best_(store.best_value(keep_)) {}

Saver::Moment Saver::present(const State& state) {
  return {state.position.step, state.eval ? state.eval->step : -1};
}

std::optional<double> measured(const State& state, std::string_view monitor) {
  if (!state.eval || state.eval->step != state.position.step) return std::nullopt;
  if (state.eval->result.nonfinite_images > 0) return std::nullopt;
  for (const EvalMetric& metric : eval_metrics()) {
    if (metric.name == monitor && metric.is_of(state.eval->result.is_multilabel))
      return state.eval->result.*metric.value;
  }
  return monitor == kTrainLoss ? state.train_loss : std::nullopt;
}

bool Saver::is_best_so_far(const State& state) const {
  const std::optional<double> value = measured(state, keep_.monitor);
  if (keep_.best == 0 || !value) return false;
  return !best_ || is_better(*value, *best_, keep_.lower_is_better);
}

bool Saver::due(const State& state) const {
  if (saved_ == present(state)) return false;
  const int64_t step = state.position.step;
  if (state.facts.plan.is_due(options_.every_epochs, step)) return true;
  if (options_.every_steps && step % *options_.every_steps == 0) return true;
  if (options_.every_minutes &&
      Clock::now() - saved_at_ >=
          std::chrono::duration<double, std::ratio<60>>(*options_.every_minutes)) {
    return true;
  }
  return is_best_so_far(state);
}

void Saver::begin(const State& state, const Capture& capture) {
  if (is_best_so_far(state)) best_ = measured(state, keep_.monitor);
  writer_.start(state.position.step, capture());
  saved_ = present(state);
  saved_at_ = Clock::now();
}

Saver::Written Saver::save(const State& state, const Capture& capture) {
  Settled before = settle(state, capture, /*waits=*/true);
  if (!before.is_present) begin(state, capture);
  return std::move(before.written);
}

Saver::Written Saver::poll(const State& state, const Capture& capture) {
  return settle(state, capture, /*waits=*/false).written;
}

Saver::Settled Saver::settle(const State& state, const Capture& capture, bool waits) {
  std::optional<CheckpointWriter::Result> result = waits ? writer_.wait() : writer_.poll();
  if (!result) return {};
  const bool failed = result->error != nullptr;
  if (failed) {
    log().warn("a checkpoint was not written, trying once more: {}", message_of(result->error));
    begin(state, capture);
    result = writer_.wait();
    if (result->error) std::rethrow_exception(result->error);
  }
  return {{result->folder}, failed};
}

Saver::Written Saver::finish(const State& state, const Capture& capture) {
  Written written;
  if (saved_ != present(state)) written = save(state, capture);
  Written last = settle(state, capture, /*waits=*/true).written;
  written.insert(written.end(), last.begin(), last.end());
  return written;
}

Saver::Written Saver::abandon() {
  const std::optional<CheckpointWriter::Result> result = writer_.wait();
  if (!result) return {};
  if (!result->error) return {result->folder};
  log().warn("a checkpoint was not written: {}", message_of(result->error));
  return {};
}

}  // namespace stoker::train

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

Saver::Saver(const State& state, Parts parts, CheckpointOptions options)
    : state_(state),
      parts_(std::move(parts)),
      options_(std::move(options)),
      keep_(keep_of(options_)),
      writer_(*parts_.store, keep_, parts_.logs),
      best_(parts_.store->best_value(keep_)) {}

std::pair<int64_t, int64_t> Saver::present() const {
  return {state_.step, state_.eval ? state_.eval->step : -1};
}

std::optional<double> Saver::measured() const {
  if (!state_.eval || state_.eval->step != state_.step) return std::nullopt;
  for (const EvalMetric& metric : eval_metrics()) {
    if (metric.name == keep_.monitor) return state_.eval->result.*metric.value;
  }
  return std::nullopt;
}

bool Saver::is_best_so_far() const {
  const std::optional<double> value = measured();
  if (keep_.best == 0 || !value) return false;
  return !best_ || is_better(*value, *best_, keep_.lower_is_better);
}

bool Saver::due() const {
  if (saved_ == present()) return false;
  if (state_.plan.is_due(options_.every_epochs, state_.step)) return true;
  if (options_.every_steps && state_.step % *options_.every_steps == 0) return true;
  if (options_.every_minutes &&
      Clock::now() - saved_at_ >=
          std::chrono::duration<double, std::ratio<60>>(*options_.every_minutes)) {
    return true;
  }
  return is_best_so_far();
}

void Saver::begin() {
  if (is_best_so_far()) best_ = measured();
  writer_.start(state_.step, parts_.capture());
  saved_ = present();
  saved_at_ = Clock::now();
}

void Saver::save() {
  if (!settle(/*waits=*/true)) begin();
}

bool Saver::settle(bool waits) {
  std::optional<CheckpointWriter::Result> result = waits ? writer_.wait() : writer_.poll();
  if (!result) return false;
  const bool failed = result->error != nullptr;
  if (failed) {
    log().warn("a checkpoint was not written, trying once more: {}", message_of(result->error));
    begin();
    result = writer_.wait();
    if (result->error) std::rethrow_exception(result->error);
  }
  parts_.on_saved(result->folder);
  return failed;
}

void Saver::finish() {
  if (saved_ != present()) save();
  settle(/*waits=*/true);
}

void Saver::abandon() {
  const std::optional<CheckpointWriter::Result> result = writer_.wait();
  if (!result) return;
  if (result->error) {
    log().warn("a checkpoint was not written: {}", message_of(result->error));
  } else {
    parts_.on_saved(result->folder);
  }
}

}  // namespace stoker::train

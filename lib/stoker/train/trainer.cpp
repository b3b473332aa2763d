#include "stoker/train/trainer.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/log.h"
#include "stoker/train/snapshot.h"

namespace stoker::train {

std::string_view stop_reason_text(StopReason reason) {
  switch (reason) {
    case StopReason::kFinished:
      return "finished";
    case StopReason::kMaxSteps:
      return "max_steps";
    case StopReason::kMaxTime:
      return "max_time";
    case StopReason::kInterrupted:
      return "interrupted";
  }
  return "";
}

Trainer::Trainer(State& state, TrainerParts parts, TrainerOptions options)
    : state_(state),
      parts_(std::move(parts)),
      options_(std::move(options)),
      step_(state_, options_.train, parts_.schedule, parts_.algorithms),
      max_time_s_(options_.train.max_time.empty()
                      ? std::numeric_limits<double>::infinity()
                      : parse_duration_s(options_.train.max_time, "train.max_time")) {
  step_.observe_with([this](Event event) {
    for (auto& callback : callbacks_) callback->observe(event, state_);
  });
}

void Trainer::load(const CheckpointContent& checkpoint) {
  restore(checkpoint, state_, parts_.algorithms);
  is_loaded_ = true;
}

StopReason Trainer::fit() {
  StopReason reason = StopReason::kFinished;
  if (parts_.checkpoints != nullptr) make_saver();
  state_.model.train();
  emit(Event::kFitStart);
  try {
    reason = train();
  } catch (const Interrupted&) {
    reason = StopReason::kInterrupted;
  } catch (...) {
    if (saver_) save_what_is_whole();
    throw;
  }
  if (saver_) saver_->finish();
  emit(Event::kFitDone);
  return reason;
}

// For an error that is on its way; one of the save must not hide it.
void Trainer::save_what_is_whole() {
  saver_->abandon();
  if (state_.step == 0 || !(step_.is_untouched() || is_evaluating_)) return;
  try {
    saver_->finish();
  } catch (const std::exception& error) {
    log().warn("step {} was not saved: {}", state_.step, error.what());
  }
}

StopReason Trainer::train() {
  StopReason reason = StopReason::kFinished;
  // A run that stopped between a step and its evaluation makes up for it.
  if (state_.step > 0 && evaluation_due()) {
    evaluate_now();
    if (saver_ && saver_->due()) saver_->save();
  }
  Feed feed(parts_.train, state_.device, options_.train.precision,
            training_chunks(state_.plan, state_.step));
  while (state_.step < state_.plan.total_steps) {
    if (const auto request = stop_request()) {
      reason = *request;
      break;
    }
    step_.run(feed);
    finish_step(feed.loader());
  }
  tell_unreadable(feed.loader());
  if (reason != StopReason::kInterrupted && options_.evaluates_at_budget && parts_.val.dataset &&
      (!state_.eval || state_.eval->step != state_.step)) {
    evaluate_now();
  }
  return reason;
}

CheckpointContent Trainer::content() {
  fill_window();
  CheckpointContent content = capture(state_, parts_.algorithms);
  content.config_yaml = parts_.config_yaml;
  return content;
}

void Trainer::make_saver() {
  saver_.emplace(state_,
                 Saver::Parts{.store = parts_.checkpoints,
                              .logs = parts_.logs,
                              .capture = [this] { return content(); },
                              .on_saved =
                                  [this](const std::filesystem::path& folder) {
                                    state_.checkpoint = folder.string();
                                    emit(Event::kCheckpointDone);
                                  }},
                 options_.checkpoint);
  if (is_loaded_) saver_->note_loaded();
}

void Trainer::finish_step(const loader::Loader& loader) {
  const bool epoch_done = state_.step % state_.plan.steps_per_epoch == 0;
  for (auto& callback : callbacks_) callback->observe(Event::kStepDone, state_);
  if (epoch_done || state_.step == state_.plan.total_steps ||
      state_.step % options_.log_every_steps == 0) {
    log_window(loader);
  }
  if (epoch_done) {
    tell_unreadable(loader);
    emit(Event::kEpochDone);
  }
  if (evaluation_due()) evaluate_now();
  if (!saver_) return;
  saver_->poll();
  if (saver_->due()) saver_->save();
}

void Trainer::tell_unreadable(const loader::Loader& loader) {
  const int64_t count = loader.skipped_count();
  if (count > told_of_train_) warn_of_unreadable("training", unreadable_of(loader), told_of_train_);
  told_of_train_ = count;
}

void Trainer::fill_window() {
  step_.read_losses();
  LogWindow& window = state_.window;
  for (const StepRecord& record : state_.records) {
    ++window.steps;
    window.skipped_steps += record.skipped ? 1 : 0;
    window.images += record.images;
    if (std::isfinite(record.loss)) {
      window.loss_sum += record.loss * static_cast<double>(record.images);
      window.loss_images += record.images;
    }
    window.time_s += record.time_s;
    window.data_wait_s += record.data_wait_s;
    window.lr = record.lr;
  }
  state_.records.clear();
}

void Trainer::log_window(const loader::Loader& loader) {
  fill_window();
  const loader::StageTimes stages = loader.stage_times();
  state_.window.stages = stages - std::exchange(logged_stages_, stages);
  state_.window.loader_threads = loader.threads();
  const LogWindow& window = state_.window;
  if (window.loss_images > 0) {
    state_.train_loss = window.loss_sum / static_cast<double>(window.loss_images);
  }
  emit(Event::kLog);
  state_.window = {};
}

bool Trainer::evaluation_due() const {
  if (!parts_.val.dataset || (state_.eval && state_.eval->step == state_.step)) return false;
  return state_.plan.is_due(options_.eval.every_epochs, state_.step) ||
         state_.step == state_.plan.total_steps;
}

void Trainer::evaluate_now() {
  emit(Event::kEvalStart);
  const auto start = std::chrono::steady_clock::now();
  EvalRecord record{.step = state_.step, .epoch = state_.plan.epoch(state_.step)};
  is_evaluating_ = true;
  try {
    const Evaluation evaluation = evaluate(state_.model, parts_.val, state_.device,
                                           {.batch_size = options_.eval.batch_size,
                                            .precision = options_.train.precision,
                                            .loss = options_.train.loss});
    record.result = evaluation.metrics;
    warn_of_unreadable("validation", evaluation.unreadable, told_of_val_);
    told_of_val_ = evaluation.unreadable.count;
  } catch (...) {
    // Algorithms that lend weights to the evaluation take them back.
    for (auto& algorithm : parts_.algorithms) algorithm->apply(Event::kEvalDone, state_);
    throw;
  }
  is_evaluating_ = false;
  record.time_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  state_.eval = std::move(record);
  emit(Event::kEvalDone);
}

void Trainer::emit(Event event) {
  for (auto& algorithm : parts_.algorithms) algorithm->apply(event, state_);
  for (auto& callback : callbacks_) callback->observe(event, state_);
}

std::optional<StopReason> Trainer::stop_request() const {
  if (interrupt_signal() != 0) return StopReason::kInterrupted;
  if (options_.train.max_steps && state_.step >= *options_.train.max_steps) {
    return StopReason::kMaxSteps;
  }
  if (state_.train_time_s >= max_time_s_) return StopReason::kMaxTime;
  return std::nullopt;
}

}  // namespace stoker::train

#include "stoker/train/trainer.h"

#include <spdlog/spdlog.h>

#include <limits>
#include <utility>

#include "stoker/core/clock.h"
#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/log.h"
#include "stoker/train/early_stopping.h"
#include "stoker/train/snapshot.h"
#include "stoker/weights/nonfinite.h"
#include "stoker/weights/state_dict.h"

namespace stoker::train {

std::string_view stop_reason_text(StopReason reason) {
  switch (reason) {
    case StopReason::kFinished:
      return "finished";
    case StopReason::kMaxSteps:
      return "max_steps";
    case StopReason::kMaxTime:
      return "max_time";
    case StopReason::kEarlyStopping:
      return "early_stopping";
    case StopReason::kInterrupted:
      return "interrupted";
  }
  return "";
}

Trainer::Trainer(const TrainerParts& parts, optim::Schedule schedule, TrainerOptions options)
    : state_(parts.state),
      algorithms_(parts.algorithms),
      train_(parts.train),
      val_(parts.val),
      options_(std::move(options)),
      events_(parts.state, parts.algorithms),
      step_(options_.train, std::move(schedule), parts.class_weights),
      checkpoints_(parts.checkpoints),
      max_time_s_(options_.train.max_time.empty()
                      ? std::numeric_limits<double>::infinity()
                      : parse_duration_s(options_.train.max_time, "train.max_time")) {}

void Trainer::load(const CheckpointContent& checkpoint) {
  restore(checkpoint, state_, algorithms_);
  is_loaded_ = true;
}

CheckpointContent Trainer::content() {
  step_.read_losses(state_.position);
  CheckpointContent content = capture(state_, algorithms_);
  content.config_yaml = options_.config_yaml;
  return content;
}

StopReason Trainer::fit() {
  StopReason reason = StopReason::kFinished;
  if (checkpoints_ != nullptr) saver_.emplace(*checkpoints_, options_.logs, options_.checkpoint);
  if (saver_ && is_loaded_) saver_->note_loaded(state_);
  try {
    state_.model().train();
    events_.emit(Event::kFitStart);
    try {
      reason = train();
    } catch (const Interrupted&) {
      reason = StopReason::kInterrupted;
    }
    if (saver_) note_written(saver_->finish(state_, capture_now()));
    if (reason != StopReason::kInterrupted) check_end();
  } catch (const std::exception& error) {
    fail(error.what());
    throw;
  }
  events_.emit_end({.reason = std::string(stop_reason_text(reason))});
  return reason;
}

void Trainer::check_end() const {
  constexpr std::string_view kRemedy =
      "Go on from an earlier checkpoint with a lower optimizer.lr, a longer schedule.warmup_epochs "
      "or train.precision=fp32; batch norm needs more than one value a channel of each "
      "micro-batch.";
  const auto names = weights::nonfinite_names(weights::state_dict(state_.model()));
  if (!names.empty()) {
    throw Diverged(fmt::format("the network ends with values that are not finite in {}. {}",
                               weights::some_names(names), kRemedy));
  }
  if (state_.eval && state_.eval->step == state_.position.step &&
      state_.eval->result.nonfinite_images > 0) {
    throw Diverged(fmt::format("the outputs for {} of {} validation images are not finite. {}",
                               state_.eval->result.nonfinite_images, state_.eval->result.images,
                               kRemedy));
  }
}

// Nothing here may hide the error that is on its way.
void Trainer::fail(const std::string& error) {
  try {
    if (saver_) save_what_is_whole();
  } catch (const std::exception& second) {
    log().warn("step {} was not saved: {}", state_.position.step, second.what());
  }
  const Ending ending{.reason = "failed", .error = error};
  events_.emit_in_failure(Event::kFitDone, &ending);
}

void Trainer::save_what_is_whole() {
  note_written(saver_->abandon());
  if (state_.position.step == 0 || !(step_.is_untouched() || is_evaluating_)) return;
  note_written(saver_->finish(state_, capture_now()));
}

void Trainer::note_written(const Saver::Written& folders) {
  for (const std::filesystem::path& folder : folders) {
    state_.checkpoint = folder.string();
    events_.emit(Event::kCheckpointDone);
  }
}

StopReason Trainer::train() {
  is_evaluating_ = false;
  StopReason reason = StopReason::kFinished;
  const StepPlan& plan = state_.facts.plan;
  // A run that stopped between a step and its evaluation makes up for it.
  if (state_.position.step > 0 && evaluation_due()) {
    evaluate_now();
    save_if_due();
  }
  Feed feed(train_, state_.facts.device, options_.train.precision,
            training_chunks(plan, state_.position.step));
  while (state_.position.step < plan.total_steps) {
    if (const auto request = stop_request()) {
      reason = *request;
      break;
    }
    step_.run(state_, feed, events_);
    finish_step(feed.loader());
  }
  warn_of_unreadable_images(feed.loader());
  if (reason != StopReason::kInterrupted && options_.evaluates_at_budget && val_.dataset &&
      (!state_.eval || state_.eval->step != state_.position.step)) {
    evaluate_now();
  }
  return reason;
}

void Trainer::finish_step(const loader::Loader& loader) {
  const StepPlan& plan = state_.facts.plan;
  const int64_t step = state_.position.step;
  const bool epoch_done = step % plan.steps_per_epoch == 0;
  if (epoch_done || step == plan.total_steps || step % options_.log_every_steps == 0) {
    log_window(loader);
  }
  if (epoch_done) {
    warn_of_unreadable_images(loader);
    events_.emit(Event::kEpochDone);
  }
  if (evaluation_due()) evaluate_now();
  if (saver_) note_written(saver_->poll(state_, capture_now()));
  save_if_due();
}

void Trainer::save_if_due() {
  if (saver_ && saver_->due(state_)) note_written(saver_->save(state_, capture_now()));
}

void Trainer::warn_of_unreadable_images(const loader::Loader& loader) {
  const int64_t count = loader.skipped_count();
  if (count > reported_train_) {
    warn_of_unreadable("training", unreadable_of(loader), reported_train_);
  }
  reported_train_ = count;
}

void Trainer::log_window(const loader::Loader& loader) {
  step_.read_losses(state_.position);
  LogWindow& window = state_.position.window;
  const loader::StageTimes stages = loader.stage_times();
  window.stages = stages - std::exchange(logged_stages_, stages);
  window.loader_threads = loader.threads();
  if (window.loss_images > 0) state_.train_loss = window.loss();
  events_.emit(Event::kLog);
  window = {};
}

bool Trainer::evaluation_due() const {
  const int64_t step = state_.position.step;
  if (!val_.dataset || (state_.eval && state_.eval->step == step)) return false;
  return state_.facts.plan.is_due(options_.eval.every_epochs, step) ||
         step == state_.facts.plan.total_steps;
}

void Trainer::evaluate_now() {
  events_.emit(Event::kEvalStart);
  const Stopwatch watch;
  EvalRecord record{.step = state_.position.step, .epoch = state_.epoch()};
  is_evaluating_ = true;
  try {
    const Evaluation evaluation = evaluate(state_.model(), val_,
                                           {.device = state_.facts.device,
                                            .batch_size = options_.eval.batch_size,
                                            .precision = options_.train.precision,
                                            .loss = options_.train.loss,
                                            .doing = "evaluation",
                                            .on_progress = [&](int64_t done, int64_t of) {
                                              events_.emit_eval_progress({.done = done, .of = of});
                                            }});
    record.result = evaluation.metrics;
    warn_of_unreadable("validation", evaluation.unreadable, reported_val_);
    reported_val_ = evaluation.unreadable.count;
  } catch (...) {
    // Algorithms that swap weights in for the evaluation take them out again.
    events_.emit_in_failure(Event::kEvalFailed);
    throw;
  }
  is_evaluating_ = false;
  record.time_s = watch.elapsed_s();
  state_.eval = std::move(record);
  const CheckpointStore::Keep keep = keep_of(options_.checkpoint);
  note_evaluation(state_.position,
                  measured(state_, keep.monitor).value_or(std::numeric_limits<double>::quiet_NaN()),
                  options_.train.early_stopping, keep.lower_is_better);
  events_.emit(Event::kEvalDone);
}

std::optional<StopReason> Trainer::stop_request() const {
  if (interrupt_signal() != 0) return StopReason::kInterrupted;
  if (options_.train.max_steps && state_.position.step >= *options_.train.max_steps) {
    return StopReason::kMaxSteps;
  }
  if (has_waited_enough(state_.position, options_.train.early_stopping)) {
    return StopReason::kEarlyStopping;
  }
  if (state_.position.train_time_s >= max_time_s_) return StopReason::kMaxTime;
  return std::nullopt;
}

}  // namespace stoker::train

// The loop of event.h: steps, evaluations, and what is due between them.
#include <algorithm>
#include <limits>
#include <utility>

#include "stoker/core/clock.h"
#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/trace.h"
#include "stoker/ops/device_errors.h"
#include "stoker/train/early_stopping.h"
#include "stoker/train/trainer.h"

namespace stoker::train {

StopReason Trainer::train() {
  is_evaluating_ = false;
  memory_.begin(state_);
  // A run that stopped between a step and its evaluation makes up for it.
  if (state_.position.step > 0 && evaluation_due()) {
    evaluate_now();
    save_if_due();
  }
  std::optional<StopReason> ended;
  while (!ended) ended = take_steps();
  const StopReason reason = *ended;
  if (reason != StopReason::kInterrupted && options_.evaluates_at_budget && val_.dataset &&
      (!state_.eval || state_.eval->step != state_.position.step)) {
    evaluate_now();
  }
  machine_->finish(state_.position);
  return reason;
}

// With one size of micro-batches: until the run ends, or nothing where the size has changed.
std::optional<StopReason> Trainer::take_steps() {
  const loader::ChunkSource none = [] { return std::optional<loader::Chunk>(); };
  Feed feed(train_, state_.facts.device, options_.train.precision,
            has_images() ? training_chunks(state_.plan(), state_.position.step) : none);
  logged_stages_ = {};
  reported_train_ = 0;
  std::optional<StopReason> ended;
  bool has_changed = false;
  while (!ended && !has_changed) {
    if (state_.position.step >= state_.facts.plan.total_steps) {
      ended = StopReason::kFinished;
    } else if (const auto request = stop_request()) {
      ended = request;
    } else {
      has_changed = !take_step(feed) || finish_step(feed.loader());
    }
  }
  warn_of_unreadable_images(feed.loader());
  return ended;
}

// False where the step did not fit: nothing has happened but that micro-batches are smaller now.
bool Trainer::take_step(Feed& feed) {
  const int64_t step = state_.position.step;
  step_.note(own_notice());
  step_.go_alone(local_.is_local(step), local_.is_whole(step));
  try {
    step_.run(state_, feed, events_);
  } catch (const OutOfMemory& error) {
    if (!step_.is_untouched()) throw;
    memory_.shrink(state_, error);
    events_.emit(Event::kMemoryChange);
    return false;
  }
  memory_.note_step(state_);
  if (local_.averages_at(step + 1)) average_over_ranks(state_, algorithms_, group_);
  return true;
}

// True where micro-batches are larger from now on, which what is saved has to know.
bool Trainer::finish_step(const loader::Loader& loader) {
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
  const bool has_grown = epoch_done && step < plan.total_steps && memory_.grow(state_);
  if (has_grown) events_.emit(Event::kMemoryChange);
  if (evaluation_due()) evaluate_now();
  const Stopwatch saving;
  if (saver_ && is_whole()) note_written(saver_->poll(state_, capture_now()));
  save_if_due();
  machine_->note_saving(saving.elapsed_s());
  return has_grown;
}

// All ranks give their parts where the first wants to save.
void Trainer::gather_state_if(bool is_wanted) {
  if (!options_.has_parts) return;
  int64_t wanted = is_wanted ? 1 : 0;
  group_.max(std::span<int64_t>(&wanted, 1));
  if (wanted > 0) state_.optimizer().gather_state();
}

void Trainer::save_if_due() {
  const bool is_due = saver_ && is_whole() && saver_->due(state_);
  gather_state_if(is_due);
  if (is_due) note_written(saver_->save(state_, capture_now()));
  state_.optimizer().drop_gathered();
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
  memory_.note_peak(state_, /*of_steps=*/true);
  LogWindow& window = state_.position.window;
  const loader::StageTimes stages = loader.stage_times();
  window.stages = stages - std::exchange(logged_stages_, stages);
  window.loader_threads = loader.threads();
  state_.machine = machine_->line(state_, step_.exchange_wait_s());
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

// The batch of evaluations that do not fit is smaller from then on.
int64_t Trainer::eval_batch_size() const {
  const int64_t smaller = state_.position.eval_batch_size;
  return smaller > 0 ? std::min(smaller, options_.eval.batch_size) : options_.eval.batch_size;
}

void Trainer::evaluate_now() {
  const trace::Span span(trace::Stage::kEvaluate);
  const Stopwatch watch;
  EvalRecord record{.step = state_.position.step, .epoch = state_.epoch()};
  memory_.note_peak(state_, /*of_steps=*/true);
  machine_->begin_evaluation(state_.position);
  is_evaluating_ = true;
  bool has_shrunk = false;
  try {
    const ops::DeviceWork work{
        .doing = "evaluation", .device = state_.facts.device, .remedy = "Leave out averages."};
    ops::on_device(work, [&] { events_.emit(Event::kEvalStart); });
    Evaluation evaluation =
        evaluate(state_.model(), val_,
                 {.device = state_.facts.device,
                  .batch_size = eval_batch_size(),
                  .precision = options_.train.precision,
                  .loss = options_.train.loss,
                  .threshold = options_.eval.threshold,
                  .doing = "evaluation",
                  .keeps_guesses = options_.keeps_guesses,
                  .may_shrink = options_.memory.microbatch != MicrobatchMode::kFixed,
                  .group = &group_,
                  .stage = stage_,
                  .on_progress = [&](int64_t done, int64_t of) {
                    events_.emit_eval_progress({.done = done, .of = of});
                  }});
    record.result = std::move(evaluation.metrics);
    record.guesses = std::move(evaluation.guesses);
    has_shrunk = memory_.note_evaluation(state_, eval_batch_size(), evaluation.batch_size);
    warn_of_unreadable("validation", evaluation.unreadable, reported_val_);
    reported_val_ = evaluation.unreadable.count;
  } catch (...) {
    // Algorithms that swap weights in for the evaluation take them out again.
    events_.emit_in_failure(Event::kEvalFailed);
    throw;
  }
  is_evaluating_ = false;
  machine_->end_evaluation(state_.position);
  record.time_s = watch.elapsed_s();
  state_.eval = std::move(record);
  const CheckpointStore::Keep keep = keep_of(options_.checkpoint);
  note_evaluation(state_.position,
                  measured(state_, keep.monitor).value_or(std::numeric_limits<double>::quiet_NaN()),
                  options_.train.early_stopping, keep.lower_is_better);
  events_.emit(Event::kEvalDone);
  if (has_shrunk) events_.emit(Event::kMemoryChange);
}

StepNotice Trainer::own_notice() const {
  return {.is_interrupted = interrupt_signal() != 0,
          .is_out_of_time = state_.position.train_time_s >= max_time_s_,
          .is_out_of_energy = is_beyond_energy(),
          .is_out_of_money = is_beyond_cost()};
}

bool Trainer::is_beyond_energy() const {
  if (!options_.train.max_energy_kwh) return false;
  const auto kwh = monitor::report_energy(state_.position.energy, {}).kwh;
  return kwh && *kwh >= *options_.train.max_energy_kwh;
}

bool Trainer::is_beyond_cost() const {
  if (!options_.train.max_cost) return false;
  const auto cost = monitor::report_energy(state_.position.energy, options_.machine.prices).cost;
  return cost && *cost >= *options_.train.max_cost;
}

std::optional<StopReason> Trainer::stop_request() const {
  if (!is_whole()) return std::nullopt;  // ranks that are not alike stop at their next average
  const StepNotice notice = common_notice();
  if (notice.is_interrupted) return StopReason::kInterrupted;
  if (options_.train.max_steps && state_.position.step >= *options_.train.max_steps) {
    return StopReason::kMaxSteps;
  }
  if (const auto epochs = options_.train.stop_after_epochs;
      epochs && state_.position.step >= state_.facts.plan.step_of_epoch(*epochs)) {
    return StopReason::kStopAfterEpochs;
  }
  if (has_waited_enough(state_.position, options_.train.early_stopping)) {
    return StopReason::kEarlyStopping;
  }
  if (notice.is_out_of_time) return StopReason::kMaxTime;
  if (notice.is_out_of_energy) return StopReason::kMaxEnergy;
  if (notice.is_out_of_money) return StopReason::kMaxCost;
  return std::nullopt;
}

}  // namespace stoker::train

#include "stoker/train/trainer.h"

#include <spdlog/spdlog.h>

#include <limits>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/log.h"
#include "stoker/ops/cpu_memory.h"
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
    case StopReason::kStopAfterEpochs:
      return "stop_after_epochs";
    case StopReason::kMaxTime:
      return "max_time";
    case StopReason::kMaxEnergy:
      return "max_energy";
    case StopReason::kMaxCost:
      return "max_cost";
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
      group_(*parts.group),
      stage_(parts.stage),
      options_(std::move(options)),
      events_(parts.state, parts.algorithms),
      step_(options_.train, std::move(schedule), parts.loss_weights, *parts.group, parts.stage),
      memory_(parts.state, options_.memory, options_.memory_advice, *parts.group),
      checkpoints_(parts.checkpoints),
      max_time_s_(options_.train.max_time.empty()
                      ? std::numeric_limits<double>::infinity()
                      : parse_duration_s(options_.train.max_time, "train.max_time")) {
  if (options_.local.steps > 0 && !group_.is_alone()) {
    local_ = LocalRule(options_.local, state_.facts.plan, options_.train, options_.eval,
                       options_.checkpoint);
  }
  if (options_.memory_model) memory_.set_model(*options_.memory_model);
}

void Trainer::load(const CheckpointContent& checkpoint) {
  restore(checkpoint, state_, algorithms_);
  is_loaded_ = true;
}

CheckpointContent Trainer::content() {
  const ops::PassCpuLimit pass_limit;  // what is trained must be saved
  step_.read_losses(state_.position);
  if (machine_) machine_->settle(state_.position);
  CheckpointContent content = capture(state_, algorithms_);
  content.config_yaml = options_.config_yaml;
  return content;
}

StopReason Trainer::fit() {
  StopReason reason = StopReason::kFinished;
  if (checkpoints_ != nullptr) saver_.emplace(*checkpoints_, options_.logs, options_.checkpoint);
  if (saver_ && is_loaded_) saver_->note_loaded(state_);
  machine_.emplace(options_.machine, group_, state_.position);
  try {
    state_.model().train();
    events_.emit(Event::kFitStart);
    try {
      reason = train();
    } catch (const Interrupted&) {
      reason = StopReason::kInterrupted;
    }
    group_.note_ending();
    machine_->settle(state_.position);
    gather_state_if(saver_.has_value());
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
  const ops::PassCpuLimit pass_limit;
  constexpr std::string_view kRemedy =
      "Go on from an earlier checkpoint with a lower optimizer.lr, a longer schedule.warmup_epochs "
      "or train.precision=fp32; batch norm needs more than one value a channel of each "
      "micro-batch.";
  const auto names =
      weights::nonfinite_names(state_.optimizer().at_hand(weights::state_dict(state_.model())));
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
  machine_->settle(state_.position);
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
  if (state_.position.step == 0 || !is_whole() || !(step_.is_untouched() || is_evaluating_)) return;
  note_written(saver_->finish(state_, capture_now()));
}

void Trainer::note_written(const Saver::Written& folders) {
  for (const std::filesystem::path& folder : folders) {
    state_.checkpoint = folder.string();
    events_.emit(Event::kCheckpointDone);
  }
}

}  // namespace stoker::train

#include "stoker/train/step.h"

#include <ATen/ops/zeros.h>

#include "stoker/core/clock.h"
#include "stoker/core/error.h"
#include "stoker/train/update.h"

namespace stoker::train {

namespace {

// Single images that cannot be read are left out; so many one after another are no accident.
constexpr int64_t kMostUnreadableInARow = 64;

void count_unreadable(State& state, int64_t images_read) {
  if (images_read > 0) {
    state.position.unreadable_steps_in_a_row = 0;
    return;
  }
  const StepPlan& plan = state.facts.plan;
  const int64_t steps = ++state.position.unreadable_steps_in_a_row;
  const int64_t images = steps * plan.batch_size;
  if (images < kMostUnreadableInARow && steps < plan.steps_per_epoch) return;
  throw DataError(
      fmt::format("not one of the {} images of the {} steps up to step {} could be read, so the "
                  "files as a whole seem to be gone or damaged; `stoker data verify` lists them. "
                  "When they are back, go on with --resume.",
                  images, steps, state.position.step + 1));
}

}  // namespace

void TrainStep::run(State& state, BatchSource& feed, Events& events) {
  const Stopwatch watch;
  const double waited_before = feed.wait_s();
  is_untouched_ = true;
  events.emit(Event::kStepStart);
  StepGradients gradients;
  try {
    gradients = gradients_.run(state, feed, events);
  } catch (...) {
    is_untouched_ = !gradients_.has_begun();
    throw;
  }
  count_unreadable(state, gradients.images);
  is_untouched_ = false;

  const double lr_factor = schedule_(state.position.schedule_step);
  at::Tensor loss_mean = at::zeros({}, at::TensorOptions(state.facts.device));
  bool moved = false;
  if (gradients.images > 0) {
    events.emit(Event::kGradientsReady);
    loss_mean = gradients.loss_sum / static_cast<double>(gradients.images);
    moved = update_parameters(state, loss_mean, lr_factor, clip_grad_norm_);
  }

  const bool overflowed = !moved && state.scaler() != nullptr && gradients.images > 0;
  if (!overflowed) ++state.position.schedule_step;
  ++state.position.step;
  state.position.images_seen += gradients.images;
  events.emit(Event::kStepDone);

  const StepRecord record{.step = state.position.step,
                          .lr = lr_factor * state.optimizer().base_lr(),
                          .images = gradients.images,
                          .time_s = watch.elapsed_s(),
                          .data_wait_s = feed.wait_s() - waited_before,
                          .skipped = !moved};
  state.position.train_time_s += record.time_s;
  losses_.add(record, loss_mean);
  if (state.facts.device.is_cpu()) read_losses(state.position);
}

}  // namespace stoker::train

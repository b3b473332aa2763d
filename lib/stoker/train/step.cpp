#include "stoker/train/step.h"

#include <ATen/ops/zeros.h>

#include "stoker/core/clock.h"
#include "stoker/core/error.h"
#include "stoker/core/trace.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/ops/device_errors.h"
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
  const trace::Span span(trace::Stage::kStep);
  const Stopwatch watch;
  const double waited_before = feed.wait_s();
  is_untouched_ = true;
  events.emit(Event::kStepStart);
  double lr_factor = schedule_(state.position.schedule_step);
  if (state.lr_pull) lr_factor += state.lr_pull->share * (state.lr_pull->factor - lr_factor);
  int64_t images = 0;
  at::Tensor losses_by_rank;
  Update update;
  try {
    const StepGradients gradients = gradients_.run(state, feed, events);
    images = gradients.images;
    losses_by_rank = gradients.losses_by_rank;
    update = move(state, gradients, lr_factor, events);
    count_unreadable(state, images);
    is_untouched_ = false;
  } catch (const optim::TornUpdate&) {
    is_untouched_ = false;
    throw;
  } catch (const OutOfMemory&) {
    take_back(state);
    throw;
  } catch (const Interrupted&) {
    take_back(state);
    throw;
  } catch (const dist::PeerFailed&) {
    take_back(state);
    throw;
  } catch (...) {
    is_untouched_ = !gradients_.has_begun();
    throw;
  }

  const ops::PassCpuLimit pass_limit;  // the step has been taken; what is left are a few scalars
  const bool overflowed = !update.moved && state.scaler() != nullptr && images > 0;
  if (!overflowed) ++state.position.schedule_step;
  ++state.position.step;
  state.position.images_seen += images;
  events.emit(Event::kStepDone);

  const StepRecord record{.step = state.position.step,
                          .lr = lr_factor * state.optimizer().base_lr(),
                          .images = images,
                          .time_s = watch.elapsed_s(),
                          .data_wait_s = feed.wait_s() - waited_before,
                          .skipped = !update.moved};
  state.position.train_time_s += record.time_s;
  losses_.add(record, update.loss_mean, losses_by_rank);
  if (state.facts.device.is_cpu()) read_losses(state.position);
}

TrainStep::Update TrainStep::move(State& state, const StepGradients& gradients, double lr_factor,
                                  Events& events) {
  const ops::DeviceWork work{.doing = fmt::format("the update of step {}", state.position.step + 1),
                             .device = state.facts.device,
                             .remedy = "Set train.microbatch to a smaller number."};
  const auto update = [&]() -> Update {
    if (gradients.images == 0) return {at::zeros({}, at::TensorOptions(state.facts.device)), false};
    events.emit(Event::kGradientsReady);
    const at::Tensor loss_mean = gradients.loss_sum / static_cast<double>(gradients.images);
    return {loss_mean, update_parameters(state, loss_mean, lr_factor, clip_)};
  };
  try {
    return ops::on_device(work, update);
  } catch (const OutOfMemory&) {
    if (is_alone_) throw;
    throw optim::TornUpdate();  // other ranks have moved
  }
}

void TrainStep::take_back(State& state) {
  gradients_.take_back(state);
  if (state.scaler() != nullptr) state.scaler()->take_back();
  is_untouched_ = true;
}

}  // namespace stoker::train

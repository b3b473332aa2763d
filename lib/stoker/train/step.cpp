#include "stoker/train/step.h"

#include <ATen/Context.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>

#include <chrono>
#include <cmath>

#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "stoker/optim/clip.h"
#include "stoker/train/autocast.h"
#include "stoker/train/loss.h"

namespace stoker::train {

namespace {
using Clock = std::chrono::steady_clock;

// Single images that cannot be read are left out; so many one after another are no accident.
constexpr int64_t kMostUnreadableInARow = 64;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Dropout and its like draw from torch's generators. Seeding them from the position makes their
// draws a function of the step, so that a resumed run needs no generator state.
void seed_torch(uint64_t seed, int64_t step, int64_t micro_step) {
  const auto s = static_cast<uint64_t>(step);
  const Philox4x32 mixed = philox({{static_cast<uint32_t>(s), static_cast<uint32_t>(s >> 32),
                                    static_cast<uint32_t>(micro_step), 0x746F7263u}},
                                  static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
  at::manual_seed((uint64_t{mixed.word[0]} << 32) | mixed.word[1]);
}

std::string losses_before(const std::deque<double>& losses) {
  std::string text;
  for (const double loss : losses) text += fmt::format("{}{:.4g}", text.empty() ? "" : ", ", loss);
  return text;
}
}  // namespace

TrainStep::TrainStep(State& state, const TrainOptions& options, optim::Schedule schedule,
                     Algorithms& algorithms)
    : state_(state), options_(options), schedule_(std::move(schedule)), algorithms_(algorithms) {}

void TrainStep::run(BatchSource& feed) {
  const Clock::time_point start = Clock::now();
  const double waited_before = feed.wait_s();
  is_untouched_ = true;
  for (auto& algorithm : algorithms_) algorithm->apply(Event::kStepStart, state_);

  StepRecord record;
  const at::Tensor loss_sum = run_micro_batches(feed, record);
  count_unreadable(record);
  is_untouched_ = false;
  const double lr_factor = schedule_(state_.schedule_step);
  at::Tensor loss_mean = at::zeros({}, at::TensorOptions(state_.device));
  bool moved = false;
  if (record.images > 0) {
    emit(Event::kGradientsReady);
    loss_mean = loss_sum / static_cast<double>(record.images);
    moved = update(loss_mean, lr_factor);
    state_.optimizer.zero_grad();
  }

  record.skipped = !moved;
  const bool overflowed = !moved && state_.scaler != nullptr && record.images > 0;
  if (!overflowed) ++state_.schedule_step;
  ++state_.step;
  state_.images_seen += record.images;
  for (auto& algorithm : algorithms_) algorithm->apply(Event::kStepDone, state_);

  record.step = state_.step;
  record.lr = lr_factor * state_.optimizer.base_lr();
  record.time_s = seconds_since(start);
  record.data_wait_s = feed.wait_s() - waited_before;
  state_.train_time_s += record.time_s;
  pending_.push_back({record, loss_mean});
  if (state_.device.is_cpu()) read_losses();
}

at::Tensor TrainStep::run_micro_batches(BatchSource& feed, StepRecord& record) {
  at::Tensor loss_sum;
  try {
    for (int64_t micro = 0; micro < state_.plan.grad_accumulation; ++micro) {
      const std::optional<ops::TensorBatch> batch = feed.next();
      STOKER_CHECK(batch.has_value(), "the loader ended at step {} of {}", state_.step,
                   state_.plan.total_steps);
      if (batch->labels.size(0) == 0) continue;  // every sample was skipped as unreadable
      seed_torch(state_.seed, state_.step, micro);
      state_.micro_step = micro;
      const at::Tensor loss = accumulate(*batch);
      loss_sum = loss_sum.defined() ? loss_sum + loss : loss;
      record.images += batch->labels.size(0);
    }
  } catch (const c10::OutOfMemoryError& error) {
    throw OutOfMemory(fmt::format(
        "out of memory on {} with a micro-batch of {} images at step {}. Set train.microbatch to a "
        "smaller number; batch_size, and with it the training, stays the same. ({})",
        state_.device.str(), state_.plan.microbatch, state_.step, error.what_without_backtrace()));
  }
  return loss_sum;
}

void TrainStep::count_unreadable(const StepRecord& record) {
  if (record.images > 0) {
    state_.unreadable_steps_in_a_row = 0;
    return;
  }
  const int64_t steps = ++state_.unreadable_steps_in_a_row;
  const int64_t images = steps * state_.plan.batch_size;
  if (images < kMostUnreadableInARow && steps < state_.plan.steps_per_epoch) return;
  throw DataError(
      fmt::format("not one of the {} images of the {} steps up to step {} could be read, so the "
                  "files as a whole seem to be gone or damaged; `stoker data verify` lists them. "
                  "When they are back, go on with --resume.",
                  images, steps, state_.step + 1));
}

at::Tensor TrainStep::accumulate(const ops::TensorBatch& batch) {
  is_untouched_ = false;
  state_.images = batch.images;
  state_.labels = batch.labels;
  emit(Event::kBatchReady);
  at::Tensor logits;
  {
    const Autocast autocast(state_.device.type(), options_.precision);
    logits = state_.model.forward(state_.images);
  }
  const at::Tensor& targets = state_.targets.defined() ? state_.targets : state_.labels;
  const at::Tensor loss_sum =
      loss_per_sample(options_.loss, options_.label_smoothing, logits, targets).sum();
  const at::Tensor share = loss_sum / static_cast<double>(state_.plan.batch_size);
  (state_.scaler != nullptr ? state_.scaler->scale(share) : share).backward();
  state_.images.reset();
  state_.labels.reset();
  state_.targets.reset();
  return loss_sum.detach();
}

bool TrainStep::update(const at::Tensor& loss_mean, double lr_factor) {
  optim::StepOptions step{.lr_factor = lr_factor};
  if (state_.scaler != nullptr) {
    if (options_.clip_grad_norm) {
      state_.scaler->unscale(state_.optimizer);
      optim::clip_grad_norm(state_.optimizer, *options_.clip_grad_norm);
    }
    const bool stepped = state_.scaler->step(state_.optimizer, step);
    state_.scaler->update();
    return stepped;
  }
  at::Tensor is_finite = at::isfinite(loss_mean);
  if (options_.clip_grad_norm) {
    is_finite = is_finite.logical_and(
        at::isfinite(optim::clip_grad_norm(state_.optimizer, *options_.clip_grad_norm)));
  }
  if (state_.device.is_cpu()) {
    if (!is_finite.item<bool>()) return false;
  } else {
    // The device decides by itself, so that the host need not wait for the loss.
    step.found_inf = is_finite.logical_not().to(at::kFloat);
    step.grad_scale = at::ones({}, loss_mean.options().dtype(at::kFloat));
  }
  state_.optimizer.step(step);
  return true;
}

void TrainStep::emit(Event event) {
  for (auto& algorithm : algorithms_) algorithm->apply(event, state_);
  if (observer_) observer_(event);
}

void TrainStep::read_losses() {
  if (pending_.empty()) return;
  std::vector<at::Tensor> losses;
  for (const Pending& pending : pending_) losses.push_back(pending.loss.detach());
  const at::Tensor values = at::stack(losses).to(at::kCPU, at::kDouble);
  for (size_t i = 0; i < pending_.size(); ++i) {
    pending_[i].record.loss = values.const_data_ptr<double>()[i];
    note(pending_[i].record);
  }
  pending_.clear();
}

void TrainStep::note(const StepRecord& record) {
  state_.records.push_back(record);
  if (record.images == 0) return;
  if (std::isfinite(record.loss)) {
    state_.nonfinite_in_a_row = 0;
    recent_losses_.push_back(record.loss);
    if (recent_losses_.size() > 5) recent_losses_.pop_front();
    return;
  }
  state_.records.back().skipped = true;
  if (++state_.nonfinite_in_a_row < options_.max_nonfinite_steps) return;
  throw Diverged(fmt::format(
      "the loss is {} at step {}, for {} steps in a row (train.max_nonfinite_steps); the learning "
      "rate is {:.4g}, the last finite losses were [{}]. Lower optimizer.lr, lengthen "
      "schedule.warmup_epochs, set train.clip_grad_norm, or use train.precision=bf16 or fp32.",
      record.loss, record.step, state_.nonfinite_in_a_row, record.lr,
      losses_before(recent_losses_)));
}

}  // namespace stoker::train

#include "stoker/train/gradient_pass.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <spdlog/spdlog.h>

#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/log.h"
#include "stoker/core/random.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/ops/device_errors.h"
#include "stoker/train/autocast.h"

namespace stoker::train {

namespace {

// Dropout and its like draw from torch's generators. Seeding them from the position makes their
// draws a function of the step, so that a resumed run needs no generator state.
void seed_torch(uint64_t seed, int64_t step, int64_t micro_batch) {
  const auto s = static_cast<uint64_t>(step);
  const Philox4x32 mixed = philox({{static_cast<uint32_t>(s), static_cast<uint32_t>(s >> 32),
                                    static_cast<uint32_t>(micro_batch), 0x746F7263u}},
                                  static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
  at::manual_seed((uint64_t{mixed.word[0]} << 32) | mixed.word[1]);
}

// What skipping unreadable images leaves of a micro-batch may be too few for its batch norms.
void report_left_out(int64_t step) {
  log().warn(
      "an image was left out at step {}: it alone is left of its micro-batch, whose others could "
      "not be read, and the network's batch norm needs two",
      step + 1);
}

}  // namespace

StepGradients GradientPass::run(State& state, BatchSource& feed, Events& events) {
  const StepPlan plan = state.plan();
  const int64_t step = state.position.step;
  has_begun_ = false;
  StepGradients gradients;
  const ops::DeviceWork work{
      .doing = fmt::format("training with a micro-batch of {} images at step {}", plan.microbatch,
                           step + 1),
      .device = state.facts.device,
      .remedy =
          "Set train.microbatch to a smaller number; batch_size, and with it the training, "
          "stays the same."};
  ops::on_device(work, [&] {
    keep_buffers(state);
    for (int64_t number = 0; number < plan.grad_accumulation; ++number) {
      if (number > 0 && interrupt_signal() != 0) {
        take_back(state);
        throw Interrupted("training was interrupted between two micro-batches");
      }
      const std::optional<ops::TensorBatch> batch = feed.next();
      STOKER_CHECK(batch.has_value(), "the loader ended at step {} of {}", step, plan.total_steps);
      const int64_t images = batch->labels.size(0);
      if (images == 0) continue;  // every sample was skipped as unreadable
      if (images < state.facts.smallest_batch) {
        report_left_out(step);
        continue;
      }
      seed_torch(state.facts.seed, step, number);
      at::Tensor loss = accumulate(
          state, {.number = number, .images = batch->images, .labels = batch->labels}, events);
      gradients.loss_sum =
          gradients.loss_sum.defined() ? gradients.loss_sum + loss : std::move(loss);
      gradients.images += images;
    }
  });
  return gradients;
}

void GradientPass::keep_buffers(State& state) {
  const at::NoGradGuard no_grad;
  buffers_ = state.model().buffers();
  if (buffers_.empty()) return;
  if (kept_.size() != buffers_.size()) {
    std::vector<at::Tensor> copies;
    for (const at::Tensor& buffer : buffers_) copies.push_back(buffer.clone());
    kept_ = std::move(copies);
  } else {
    at::_foreach_copy_(kept_, buffers_);
  }
}

void GradientPass::take_back(State& state) {
  const at::NoGradGuard no_grad;
  const ops::PassCpuLimit pass_limit;
  if (has_begun_ && !buffers_.empty()) at::_foreach_copy_(buffers_, kept_);
  state.optimizer().zero_grad();
  has_begun_ = false;
}

at::Tensor GradientPass::accumulate(State& state, MicroBatch batch, Events& events) {
  has_begun_ = true;
  events.emit(Event::kBatchReady, &batch);
  at::Tensor logits;
  {
    const Autocast autocast(state.facts.device.type(), precision_);
    logits = state.model().forward(batch.images);
  }
  const at::Tensor& targets = batch.targets.defined() ? batch.targets : batch.labels;
  const at::Tensor loss_sum = loss_->per_sample(logits, targets, label_smoothing_).sum();
  const at::Tensor share = loss_sum / static_cast<double>(state.facts.plan.batch_size);
  (state.scaler() != nullptr ? state.scaler()->scale(share) : share).backward();
  events.emit(Event::kMicroBatchDone, &batch);
  return loss_sum.detach();
}

}  // namespace stoker::train

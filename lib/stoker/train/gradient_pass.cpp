#include "stoker/train/gradient_pass.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <spdlog/spdlog.h>

#include <array>

#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/log.h"
#include "stoker/core/trace.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/ops/device_errors.h"
#include "stoker/optim/clip.h"
#include "stoker/train/autocast.h"
#include "stoker/train/pass_seed.h"
#include "stoker/weights/learning_parameters.h"

namespace stoker::train {

namespace {

// What skipping unreadable images leaves of a micro-batch may be too few for its batch norms.
void report_left_out(int64_t step) {
  log().warn(
      "an image was left out at step {}: it alone is left of its micro-batch, whose others could "
      "not be read, and the network's batch norm needs two",
      step + 1);
}

// Gives the micro-batches of a step that it has given before once more. On the CPU they keep that
// many of the loader's buffers from it until then.
class Replay : public BatchSource {
 public:
  explicit Replay(BatchSource& feed) : feed_(feed) {}

  std::optional<ops::TensorBatch> next() override {
    if (is_rewound_) return given_ < kept_.size() ? kept_[given_++] : std::nullopt;
    std::optional<ops::TensorBatch> batch = feed_.next();
    kept_.push_back(batch);
    return batch;
  }
  double wait_s() const override { return feed_.wait_s(); }
  void rewind() { is_rewound_ = true; }

 private:
  BatchSource& feed_;
  std::vector<std::optional<ops::TensorBatch>> kept_;
  size_t given_ = 0;
  bool is_rewound_ = false;
};

}  // namespace

StepGradients GradientPass::run(State& state, BatchSource& feed, Events& events) {
  const int64_t step = state.position.step;
  has_begun_ = false;
  const ops::DeviceWork work{
      .doing = fmt::format("training with a micro-batch of {} images at step {}",
                           state.plan().microbatch, step + 1),
      .device = state.facts.device,
      .remedy =
          "Set train.microbatch to a smaller number; batch_size, and with it the training, "
          "stays the same."};
  return ops::on_device(work, [&] {
    keep_buffers(state);
    return events.wants_second_pass() ? pass_twice(state, feed, events)
                                      : pass_once(state, feed, events);
  });
}

// Mixing and dropout draw by the step and the micro-batch, so that both passes see the same.
StepGradients GradientPass::pass_twice(State& state, BatchSource& feed, Events& events) {
  Replay replay(feed);
  StepGradients gradients = pass_once(state, replay, events);
  if (gradients.images == 0) return gradients;
  std::vector<at::Tensor> statistics;
  for (const at::Tensor& buffer : buffers_) statistics.push_back(buffer.clone());
  replay.rewind();
  try {
    events.emit(Event::kSecondPass);
    pass_once(state, replay, events);
  } catch (...) {
    events.emit_in_failure(Event::kSecondPassDone);
    throw;
  }
  events.emit(Event::kSecondPassDone);
  const at::NoGradGuard no_grad;
  if (!buffers_.empty()) at::_foreach_copy_(buffers_, statistics);
  return gradients;
}

bool GradientPass::waits_within_pass() const {
  if (stage_ != nullptr) return true;
  return (norms_wait_ && !group_.is_alone()) || (exchange_ && exchange_->waits_within_pass());
}

std::optional<MicroBatch> GradientPass::next_batch(const State& state, BatchSource& feed,
                                                   int64_t index) {
  const StepPlan plan = state.plan();
  const int64_t step = state.position.step;
  const std::optional<ops::TensorBatch> batch = feed.next();
  STOKER_CHECK(batch.has_value(), "the loader ended at step {} of {}", step, plan.total_steps);
  const int64_t images = batch->labels.size(0);
  if (images == 0) return std::nullopt;  // every sample was skipped as unreadable
  if (images < state.facts.smallest_batch) {
    report_left_out(step);
    return std::nullopt;
  }
  return MicroBatch{.number = plan.first_own_pass() + index,
                    .images = batch->images,
                    .labels = batch->labels,
                    .targets = batch->targets};
}

StepGradients GradientPass::pass(State& state, BatchSource& feed, Events& events) {
  if (stage_ != nullptr) return pass_stage(state, feed, events);
  const StepPlan plan = state.plan();
  const int64_t step = state.position.step;
  const bool waits = waits_within_pass();
  const bool overlaps = !is_local_ && proven_passes_ == plan.grad_accumulation;
  StepGradients gradients;
  for (int64_t i = 0; i < plan.own_passes(); ++i) {
    if (i > 0 && !waits && may_stop_ && interrupt_signal() != 0)
      throw Interrupted("training was interrupted between two micro-batches");
    std::optional<MicroBatch> batch = next_batch(state, feed, i);
    if (!batch) continue;
    const int64_t images = batch->labels.size(0);
    seed_torch(state.facts.seed, step, batch->number);
    if (exchange_) exchange_->before_micro_batch(overlaps && i + 1 == plan.own_passes());
    at::Tensor loss = accumulate(state, *std::move(batch), events);
    gradients.loss_sum = gradients.loss_sum.defined() ? gradients.loss_sum + loss : std::move(loss);
    gradients.images += images;
  }
  return gradients;
}

// Parameters that an algorithm has let learn, or stopped, make another exchange.
void GradientPass::exchange_what_learns(State& state) {
  size_t learning = 0;
  for (const optim::ParameterGroup& group : state.optimizer().groups()) {
    for (const auto& [name, parameter] : group.parameters)
      learning += parameter.requires_grad() ? 1 : 0;
  }
  if (exchange_ && learning == exchanged_) return;
  if (exchange_) waited_before_ += exchange_->wait_s();
  exchange_.reset();
  exchange_ = state.optimizer().exchange(replicas(), weights::learning_parameters(state.model()));
  exchanged_ = learning;
  proven_passes_ = 0;
}

// Whatever comes to this rank's pass, it takes part in the exchange that the others wait in.
StepGradients GradientPass::run_with_others(State& state, BatchSource& feed, Events& events) {
  const int64_t step = state.position.step;
  const int64_t passes = state.plan().grad_accumulation;
  group_.note_step(step + 1);
  exchange_what_learns(state);
  exchange_->measure_own(events.wants_rank_norms());
  exchange_->begin_step(state.plan().own_passes());
  StepGradients gradients;
  std::exception_ptr failure;
  const ops::DeviceWork work{.doing = "this rank's part of the step",
                             .device = state.facts.device,
                             .remedy = "Set train.microbatch to a smaller number."};
  try {
    gradients = ops::on_device(work, [&] { return pass(state, feed, events); });
  } catch (const OutOfMemory&) {
    if (waits_within_pass()) throw;
    failure = std::current_exception();
  } catch (const Interrupted&) {
    failure = std::current_exception();
  } catch (...) {
    exchange_->throw_if_broken();
    throw;
  }
  const ops::PassCpuLimit pass_limit;  // what is left are sums into memory that is there
  const trace::Span span(trace::Stage::kReduce);
  const bool is_proven =
      !is_local_ && (proven_passes_ == passes || exchange_->is_always_overlapped());
  if (is_proven) exchange_->finish(failure ? dist::Share::kNothing : dist::Share::kWhole);
  agree(failure, gradients, step);
  if (is_local_) {
    weigh_as_whole(state, gradients);
  } else if (!is_proven) {
    exchange_->finish(dist::Share::kWhole);
  }
  share(state, gradients);
  if (events.wants_rank_norms()) share_norm(state, gradients);
  if (!is_local_) proven_passes_ = passes;
  return gradients;
}

// Counts the step's images over all ranks; throws what any of them failed with.
void GradientPass::agree(const std::exception_ptr& failure, StepGradients& gradients,
                         int64_t step) {
  std::array<int64_t, 8> votes{};
  auto& [out_of_memory, which, interrupted, images, signals, time, energy, money] = votes;
  images = gradients.images;
  signals = own_.is_interrupted || interrupt_signal() != 0 ? 1 : 0;
  time = own_.is_out_of_time ? 1 : 0;
  energy = own_.is_out_of_energy ? 1 : 0;
  money = own_.is_out_of_money ? 1 : 0;
  if (failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const OutOfMemory&) {
      out_of_memory = 1;
      which = group_.rank();
    } catch (...) {
      interrupted = 1;
    }
  }
  group_.sum(std::span<int64_t>(votes));
  agreed_ = {.is_interrupted = signals > 0,
             .is_out_of_time = time > 0,
             .is_out_of_energy = energy > 0,
             .is_out_of_money = money > 0};
  gradients.images = images;
  if (out_of_memory + interrupted == 0) return;
  proven_passes_ = 0;
  if (failure) std::rethrow_exception(failure);
  if (out_of_memory > 0) {
    throw OutOfMemory(fmt::format("{} ran out of memory at step {}.",
                                  out_of_memory == 1
                                      ? group_.name(which)
                                      : fmt::format("{} of {} ranks", out_of_memory, group_.size()),
                                  step + 1));
  }
  throw Interrupted("training was interrupted on another rank");
}

// A rank's own gradients as if all ranks had given the like. Where they are not finite the loss is
// none either, so that all ranks leave the step out.
void GradientPass::weigh_as_whole(State& state, StepGradients& gradients) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> own;
  for (const auto& [name, parameter] : weights::learning_parameters(state.model())) {
    if (parameter.grad().defined()) own.push_back(parameter.grad());
  }
  if (own.empty()) return;
  at::_foreach_mul_(own, static_cast<double>(group_.size()));
  const at::Tensor nothing_if_finite = optim::grad_norm(state.optimizer()) * 0;
  gradients.loss_sum = gradients.loss_sum + nothing_if_finite;
}

// The loss becomes the sum over ranks, and running statistics their mean.
void GradientPass::share(State& state, StepGradients& gradients) {
  const at::NoGradGuard no_grad;
  if (gradients.images == 0) return;
  const auto options = at::TensorOptions().dtype(at::kFloat).device(state.facts.device);
  std::vector<at::Tensor> statistics, parts;
  for (const at::Tensor& buffer : buffers_) {
    if (buffer.scalar_type() == at::kFloat && !is_local_) statistics.push_back(buffer);
  }
  parts.push_back(gradients.loss_sum.defined() ? gradients.loss_sum.to(at::kFloat).reshape({1})
                                               : at::zeros({1}, options));
  at::Tensor by_rank = at::zeros({group_.size()}, options);
  by_rank[group_.rank()] = parts.front()[0];
  parts.push_back(by_rank);
  for (const at::Tensor& buffer : statistics) parts.push_back(buffer.reshape({-1}));
  const at::Tensor sums = at::cat(parts);
  replicas().sum(sums);
  at::Tensor totals = sums.narrow(0, 0, 1 + group_.size()).clone();
  if (stage_ != nullptr) stage_->stages().sum(totals);  // the last one has the losses
  gradients.loss_sum = totals[0].clone();
  gradients.losses_by_rank = totals.narrow(0, 1, group_.size());
  // Each stage has a part in the loss of its column.
  if (stage_ != nullptr)
    gradients.losses_by_rank =
        gradients.losses_by_rank.view({stage_->count(), -1}).sum(0).repeat({stage_->count()});
  const at::Tensor means = sums / static_cast<double>(replicas().size());
  int64_t at = 1 + group_.size();
  for (at::Tensor& buffer : statistics) {
    buffer.copy_(means.narrow(0, at, buffer.numel()).view_as(buffer));
    at += buffer.numel();
  }
}

// Nothing where some image could not be read, and shares are none of one size.
void GradientPass::share_norm(State& state, const StepGradients& gradients) {
  const at::NoGradGuard no_grad;
  state.rank_norm.reset();
  if (gradients.images != state.facts.plan.batch_size) return;
  const auto ranks = static_cast<double>(group_.size());
  at::Tensor squared = exchange_->own_norm_squared().reshape({1}).clone();
  group_.sum(squared);
  state.rank_norm = RankNorm{.mean_squared = squared[0] / ranks,
                             .images = static_cast<double>(gradients.images) / ranks};
}

void GradientPass::keep_buffers(State& state) {
  const at::NoGradGuard no_grad;
  buffers_ = stage_ != nullptr ? stage_->own_buffers() : state.model().buffers();
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
  {
    const trace::Span span(trace::Stage::kForward);
    const Autocast autocast(state.facts.device.type(), precision_);
    batch.logits = state.model().forward(batch.images);
  }
  const auto [loss_sum, share] = weigh(state, batch, events);
  {
    const trace::Span span(trace::Stage::kBackward);
    share.backward();
  }
  events.emit(Event::kMicroBatchDone, &batch);
  return loss_sum;
}

GradientPass::Weighed GradientPass::weigh(State& state, MicroBatch& batch, Events& events) {
  batch.losses = loss_->per_sample(batch.logits, targets_of(batch), label_smoothing_);
  events.emit(Event::kLossReady, &batch);
  const at::Tensor loss_sum = batch.losses.sum();
  batch.logits.reset();
  batch.losses.reset();
  const at::Tensor share = loss_sum / static_cast<double>(state.facts.plan.batch_size);
  return {loss_sum.detach(), state.scaler() != nullptr ? state.scaler()->scale(share) : share};
}

}  // namespace stoker::train

// A stage's part of the passes of a step (gradient_pass.h).
//
// Down go the activations of each micro-batch and the state of torch's generator, so that every
// stage draws what one process would; from the first to the last labels and targets. A micro-batch
// of which no image could be read goes down as an undefined tensor.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function.h>

#include <deque>
#include <mutex>
#include <utility>

#include "stoker/core/trace.h"
#include "stoker/parallel/one_f_one_b.h"
#include "stoker/train/autocast.h"
#include "stoker/train/gradient_pass.h"
#include "stoker/train/pass_seed.h"

namespace stoker::train {

namespace {

at::Generator generator_of(at::Device device) {
  return device.is_cpu() ? at::detail::getDefaultCPUGenerator()
                         : at::globalContext().defaultGenerator(device);
}

at::Tensor state_of(at::Generator generator) {
  const std::scoped_lock lock(generator.mutex());
  return generator.get_state();
}

void set_state(at::Generator generator, const at::Tensor& state) {
  const std::scoped_lock lock(generator.mutex());
  generator.set_state(state);
}

}  // namespace

// A micro-batch between its two passes.
struct GradientPass::InFlight {
  at::Tensor x;                // what came from the stage before, with its gradient
  torch::autograd::Edge end;   // of what went to the next
  at::Tensor share, loss_sum;  // of the last stage, as is
  MicroBatch batch;
  int64_t images = 0;    // counted by the first
  bool is_empty = true;  // no image of it could be read
};

StepGradients GradientPass::pass_stage(State& state, BatchSource& feed, Events& events) {
  const int64_t passes = state.plan().own_passes();
  const bool overlaps = proven_passes_ == state.plan().grad_accumulation;
  StepGradients gradients;
  std::deque<InFlight> in_flight;
  for (const parallel::StagePass& pass :
       parallel::one_forward_one_backward(stage_->index(), stage_->count(), passes)) {
    if (pass.is_forward) {
      in_flight.push_back(forward_stage(state, feed, events, pass.micro_batch));
      const InFlight& newest = in_flight.back();
      gradients.images += newest.images;
      if (!newest.loss_sum.defined()) continue;
      gradients.loss_sum =
          gradients.loss_sum.defined() ? gradients.loss_sum + newest.loss_sum : newest.loss_sum;
      continue;
    }
    InFlight oldest = std::move(in_flight.front());
    in_flight.pop_front();
    stage_->back().begin_micro_batch();
    if (oldest.is_empty) continue;
    if (exchange_) exchange_->before_micro_batch(overlaps && pass.micro_batch + 1 == passes);
    backward_stage(oldest);
    if (stage_->is_last()) events.emit(Event::kMicroBatchDone, &oldest.batch);
  }
  stage_->down().finish();
  stage_->back().finish();
  return gradients;
}

// What this stage's pieces take, with torch's generator as one process would have it there; nothing
// where no image of the micro-batch could be read.
std::optional<at::Tensor> GradientPass::enter_stage(State& state, BatchSource& feed, Events& events,
                                                    MicroBatch& batch, InFlight& kept) {
  const auto seed = [&] { seed_torch(state.facts.seed, state.position.step, batch.number); };
  if (stage_->is_first()) {
    std::optional<MicroBatch> read =
        next_batch(state, feed, batch.number - state.plan().first_own_pass());
    if (!read) return std::nullopt;
    has_begun_ = true;
    batch = *std::move(read);
    kept.images = batch.labels.size(0);
    seed();
    events.emit(Event::kBatchReady, &batch);
    return batch.images;
  }
  parallel::Lane& down = stage_->down();
  kept.x = down.receive(stage_->previous());
  if (!kept.x.defined()) return std::nullopt;
  has_begun_ = true;
  kept.x.requires_grad_(kept.x.is_floating_point());
  seed();
  set_state(generator_of(state.facts.device), down.receive(stage_->previous()));
  return kept.x;
}

GradientPass::InFlight GradientPass::forward_stage(State& state, BatchSource& feed, Events& events,
                                                   int64_t index) {
  parallel::Lane& down = stage_->down();
  down.begin_micro_batch();
  InFlight kept;
  MicroBatch batch{.number = state.plan().first_own_pass() + index};
  const std::optional<at::Tensor> x = enter_stage(state, feed, events, batch, kept);
  kept.is_empty = !x.has_value();
  if (!x) {
    if (!stage_->is_last()) down.send({}, stage_->next());
    return kept;
  }
  at::Tensor y;
  {
    const trace::Span span(trace::Stage::kForward);
    const Autocast autocast(state.facts.device.type(), precision_);
    y = stage_->run(*x);
  }
  if (stage_->is_last()) {
    batch.logits = std::move(y);
    forward_last(state, events, std::move(batch), kept);
    return kept;
  }
  down.send(y, stage_->next());
  down.send(state_of(generator_of(state.facts.device)), stage_->next());
  if (stage_->is_first()) {
    down.send(batch.labels, stage_->last());
    down.send(batch.targets, stage_->last());
  }
  if (y.requires_grad()) kept.end = torch::autograd::impl::gradient_edge(y);
  return kept;
}

void GradientPass::forward_last(State& state, Events& events, MicroBatch batch, InFlight& kept) {
  batch.labels = stage_->down().receive(0);
  batch.targets = stage_->down().receive(0);
  Weighed weighed = weigh(state, batch, events);
  kept.loss_sum = std::move(weighed.loss_sum);
  kept.share = std::move(weighed.share);
  kept.batch = std::move(batch);
}

void GradientPass::backward_stage(InFlight& kept) {
  parallel::Lane& back = stage_->back();
  if (stage_->is_last()) {
    const trace::Span span(trace::Stage::kBackward);
    kept.share.backward();
  } else {
    const at::Tensor gradient = back.receive(stage_->next());
    const trace::Span span(trace::Stage::kBackward);
    if (gradient.defined() && kept.end.is_valid()) {
      torch::autograd::Engine::get_default_engine().execute(
          {kept.end}, {gradient}, /*keep_graph=*/false, /*create_graph=*/false,
          /*accumulate_grad=*/true, {});
    }
  }
  if (!stage_->is_first()) back.send(kept.x.grad(), stage_->previous());
}

}  // namespace stoker::train

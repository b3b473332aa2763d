#include "stoker/run/probe.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>

#include <memory>
#include <optional>
#include <vector>

#include "stoker/bench/step_rate.h"
#include "stoker/core/clock.h"
#include "stoker/models/eval_mode.h"
#include "stoker/nn/pass_state.h"
#include "stoker/ops/device_errors.h"
#include "stoker/ops/memory_meter.h"
#include "stoker/optim/clip.h"
#include "stoker/train/autocast.h"
#include "stoker/train/gradient_pass.h"

namespace stoker::run {

namespace {

// On the CPU its images lie outside of LibTorch's memory, as the loader's do.
ops::TensorBatch made_up_batch(const Session& session, int64_t count) {
  const models::ModelContext& context = session.context;
  const at::ScalarType dtype = train::input_dtype(session.config.train.precision);
  const int64_t values = count * context.channels * context.height * context.width;
  const auto plain = std::make_shared<std::vector<float>>(static_cast<size_t>(values));
  for (size_t i = 0; i < plain->size(); ++i) {
    (*plain)[i] = static_cast<float>((i * 2654435761u >> 8) % 4096) / 2048.0F - 1.0F;
  }
  const auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<size_t>(values) *
                                                              c10::elementSize(dtype));
  const std::vector<int64_t> shape{count, context.height, context.width, context.channels};
  const at::Tensor images = at::from_blob(
      bytes->data(), shape, [bytes](void*) {}, at::TensorOptions(dtype));
  images.copy_(at::from_blob(
      plain->data(), shape, [plain](void*) {}, at::kFloat));
  ops::TensorBatch batch;
  batch.images = images.permute({0, 3, 1, 2}).to(session.device);
  batch.labels = at::arange(count, at::kLong).remainder(context.classes).to(session.device);
  for (int64_t i = 0; i < count; ++i) batch.samples.push_back(i);
  return batch;
}

train::RunFacts facts_for(const Session& session, const ProbeOptions& options) {
  train::RunFacts facts = session.state->facts;
  facts.plan.batch_size = options.microbatch * options.micro_batches;
  facts.plan = facts.plan.with_accumulation(options.micro_batches);
  return facts;
}

// All that an update does but moving: the kernels see that the gradients overflowed.
void update_nothing(const Session& session, train::State& state, const at::Tensor& loss_sum) {
  const optim::ClipOptions& clip = session.config.train.clip;
  if (clip.any()) optim::clip_gradients(state.optimizer(), clip);
  const at::Tensor one = at::ones({}, loss_sum.options().dtype(at::kFloat));
  state.optimizer().step({.lr_factor = 1, .grad_scale = one, .found_inf = one});
}

// Until the device has done it. Returns the seconds that the update took.
double take_step(const Session& session, train::GradientPass& pass, train::State& state,
                 bench::RepeatedBatch& batch, train::Events& events) {
  const train::StepGradients gradients = pass.run(state, batch, events);
  gradients.loss_sum.item<float>();
  const Stopwatch watch;
  update_nothing(session, state, gradients.loss_sum);
  gradients.loss_sum.clone().item<float>();  // behind the update on a GPU's stream
  const double update_s = watch.elapsed_s();
  pass.take_back(state);
  return update_s;
}

}  // namespace

Probe probe_step(Session& session, const ProbeOptions& options) {
  const nn::PassState::Restore random_state(session.device);
  train::State state(*session.model, *session.optimizer, session.scaler.get(),
                     facts_for(session, options));
  train::Events events(state, session.algorithms);
  train::GradientPass pass(session.config.train, session.loss_weights);
  std::optional<bench::RepeatedBatch> batch;
  const bool was_training = session.model->is_training();
  session.model->train();
  const ops::DeviceWork work{
      .doing = fmt::format("trying a micro-batch of {} images", options.microbatch),
      .device = session.device,
      .remedy = "Try a smaller one."};
  if (options.measures_memory) {
    ops::return_cached(session.device);
    ops::reset_peak(session.device);
  }
  Probe probe{.images = state.facts.plan.batch_size};
  try {
    ops::on_device(work, [&] { batch.emplace(made_up_batch(session, options.microbatch)); });
    for (int64_t i = 0; i < options.steps; ++i) {
      const Stopwatch watch;
      ops::on_device(work,
                     [&] { probe.update_s = take_step(session, pass, state, *batch, events); });
      probe.time_s = watch.elapsed_s();
    }
  } catch (...) {
    pass.take_back(state);
    session.model->train(was_training);
    ops::return_cached(session.device);
    throw;
  }
  session.model->train(was_training);
  if (options.measures_memory) probe.peak_bytes = ops::device_memory(session.device).peak_bytes;
  return probe;
}

Probe probe_evaluation(Session& session, int64_t batch_size) {
  const nn::PassState::Restore random_state(session.device);
  train::State state(*session.model, *session.optimizer, session.scaler.get(),
                     session.state->facts);
  train::Events events(state, session.algorithms);
  const models::EvalMode eval_mode(*session.model);
  const at::NoGradGuard no_grad;
  const ops::DeviceWork work{.doing = fmt::format("evaluating a batch of {} images", batch_size),
                             .device = session.device,
                             .remedy = "Try a smaller one."};
  ops::return_cached(session.device);
  ops::reset_peak(session.device);
  Probe probe{.images = batch_size};
  try {
    ops::on_device(work, [&] {
      const ops::TensorBatch batch = made_up_batch(session, batch_size);
      events.emit(train::Event::kEvalStart);
      const Stopwatch watch;
      const train::Autocast autocast(session.device.type(), session.config.train.precision);
      session.model->forward(batch.images).sum().item<float>();
      probe.time_s = watch.elapsed_s();
    });
  } catch (...) {
    events.emit_in_failure(train::Event::kEvalFailed);
    throw;
  }
  events.emit(train::Event::kEvalDone);
  probe.peak_bytes = ops::device_memory(session.device).peak_bytes;
  return probe;
}

}  // namespace stoker::run

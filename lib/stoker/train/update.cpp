#include "stoker/train/update.h"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/ones.h>

#include "stoker/core/trace.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/ops/device_errors.h"

namespace stoker::train {

namespace {

bool scaled_step(State& state, const optim::StepOptions& step, const optim::ClipOptions& clip) {
  optim::GradScaler& scaler = *state.scaler();
  if (clip.any()) {
    scaler.unscale(state.optimizer());
    optim::clip_gradients(state.optimizer(), clip);
  }
  const bool stepped = scaler.step(state.optimizer(), step);
  const ops::PassCpuLimit pass_limit;  // the update has been made
  scaler.update();
  return stepped;
}

bool plain_step(State& state, const at::Tensor& loss_mean, optim::StepOptions step,
                const optim::ClipOptions& clip) {
  at::Tensor is_finite = at::isfinite(loss_mean);
  if (clip.any()) {
    is_finite = is_finite.logical_and(at::isfinite(optim::clip_gradients(state.optimizer(), clip)));
  }
  if (state.facts.device.is_cpu()) {
    if (!is_finite.item<bool>()) return false;
  } else {
    step.found_inf = is_finite.logical_not().to(at::kFloat);
    step.grad_scale = at::ones({}, loss_mean.options().dtype(at::kFloat));
  }
  state.optimizer().step(step);
  return true;
}

}  // namespace

bool update_parameters(State& state, const at::Tensor& loss_mean, double lr_factor,
                       const optim::ClipOptions& clip) {
  const ops::DeviceWork work{
      .doing = fmt::format("the update of step {}", state.position.step + 1),
      .device = state.facts.device,
      .remedy =
          "Set train.microbatch to a smaller number, or choose an optimizer with less state."};
  const trace::Span span(trace::Stage::kUpdate);
  return ops::on_device(work, [&] {
    const optim::StepOptions step{.lr_factor = lr_factor};
    const bool moved = state.scaler() != nullptr ? scaled_step(state, step, clip)
                                                 : plain_step(state, loss_mean, step, clip);
    state.optimizer().zero_grad();
    return moved;
  });
}

}  // namespace stoker::train

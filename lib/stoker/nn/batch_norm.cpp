#include "stoker/nn/batch_norm.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "stoker/nn/fused_norm.h"
#include "stoker/nn/norm_tape.h"
#include "stoker/nn/norm_values.h"

namespace stoker::nn {

BatchNorm::BatchNorm(int64_t channels, const BatchNormOptions& options) : options_(options) {
  if (options.scale) weight = register_parameter("weight", at::ones({channels}));
  bias = register_parameter("bias", at::zeros({channels}));
  running_mean = register_buffer("running_mean", at::zeros({channels}));
  running_var = register_buffer("running_var", at::ones({channels}));
  num_batches_tracked = register_buffer("num_batches_tracked", at::zeros({}, at::kLong));
}

NormState BatchNorm::state() const {
  return {weight,
          bias,
          running_mean,
          running_var,
          options_.momentum,
          options_.eps,
          is_training() && learns()};
}

at::Tensor BatchNorm::forward(const at::Tensor& x) {
  if (learns()) NormValues::note(x);
  const NormState norm = state();
  const bool again = norm.training && NormTape::repeats();
  if (norm.training && !again) num_batches_tracked.add_(1);
  if (suits_fused_norm(norm, x, {})) return fused_norm(norm, kernels::Gate::kNone, x, {});
  return at::batch_norm(x, weight, bias, again ? running_mean.clone() : running_mean,
                        again ? running_var.clone() : running_var, norm.training, options_.momentum,
                        options_.eps, /*cudnn_enabled=*/true);
}

at::Tensor norm_activate(BatchNorm& norm, Activation activation, const at::Tensor& x,
                         const at::Tensor& residual) {
  const std::optional<kernels::Gate> gate = gate_of(activation);
  const bool fits = gate && (!residual.defined() || *gate == kernels::Gate::kRelu);
  if (const NormState state = norm.state(); fits && suits_fused_norm(state, x, residual)) {
    if (norm.learns()) NormValues::note(x);
    if (state.training && !NormTape::repeats()) norm.num_batches_tracked.add_(1);
    return fused_norm(state, *gate, x, residual);
  }
  at::Tensor y = norm.forward(x);
  // In place: no gradient needs the norm's output, or the sum.
  if (residual.defined()) y = y.add_(residual);
  return activation == Activation::kRelu ? y.relu_() : activate(activation, y);
}

}  // namespace stoker::nn

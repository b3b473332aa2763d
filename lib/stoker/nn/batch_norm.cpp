#include "stoker/nn/batch_norm.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "stoker/core/ceil_div.h"
#include "stoker/nn/fused_norm.h"
#include "stoker/nn/norm_tape.h"
#include "stoker/nn/norm_values.h"
#include "stoker/nn/shared_norm.h"

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

void set_norm_span(torch::nn::Module& module, const NormSpan& span) {
  for (const auto& child : module.modules()) {
    if (auto* norm = dynamic_cast<BatchNorm*>(child.get())) norm->set_span(span);
  }
}

at::Tensor BatchNorm::forward(const at::Tensor& x) {
  const NormState norm = state();
  const int64_t ghost = span_.ghost_images;
  if (!norm.training || ghost == 0 || x.size(0) <= ghost) {
    if (learns()) NormValues::note(x);
    return normalize(norm, x);
  }
  // As evenly as can be, and none of a single image, whose variance might be none: of five images
  // in twos there are two pieces, of three and two.
  const int64_t pieces = std::min(ceil_div(x.size(0), ghost), x.size(0) / 2);
  std::vector<at::Tensor> normed;
  for (const at::Tensor& piece : x.tensor_split(pieces)) {
    NormValues::note(piece);
    normed.push_back(normalize(norm, piece));
  }
  return at::cat(normed);
}

at::Tensor BatchNorm::normalize(const NormState& norm, const at::Tensor& x) {
  const bool again = norm.training && NormTape::repeats();
  if (norm.training && !again) num_batches_tracked.add_(1);
  if (norm.training && span_.peers != nullptr) return shared_norm(norm, *span_.peers, x);
  if (suits_fused_norm(norm, x, {})) return fused_norm(norm, kernels::Gate::kNone, x, {});
  return at::batch_norm(x, weight, bias, again ? running_mean.clone() : running_mean,
                        again ? running_var.clone() : running_var, norm.training, options_.momentum,
                        options_.eps, /*cudnn_enabled=*/true);
}

at::Tensor norm_activate(BatchNorm& norm, Activation activation, const at::Tensor& x,
                         const at::Tensor& residual) {
  const std::optional<kernels::Gate> gate = gate_of(activation);
  const bool fits = gate && (!residual.defined() || *gate == kernels::Gate::kRelu);
  const bool is_plain = norm.span().peers == nullptr && norm.span().ghost_images == 0;
  if (const NormState state = norm.state();
      fits && (is_plain || !state.training) && suits_fused_norm(state, x, residual)) {
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

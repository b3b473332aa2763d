#include "stoker/nn/shared_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <vector>

#include "stoker/nn/norm_tape.h"

namespace stoker::nn {
namespace {

// All dimensions but that of the channels.
std::vector<int64_t> others(const at::Tensor& x) {
  std::vector<int64_t> dimensions{0};
  for (int64_t i = 2; i < x.dim(); ++i) dimensions.push_back(i);
  return dimensions;
}

// [C] as a factor of x's shape.
at::Tensor by_channel(const at::Tensor& values, const at::Tensor& x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = x.size(1);
  return values.reshape(shape);
}

struct SharedNorm : torch::autograd::Function<SharedNorm> {
  using Context = torch::autograd::AutogradContext;
  using Optional = std::optional<at::Tensor>;

  // Sums over all ranks in float64: [2 C + 1], those of `first`, of `second` and of the values.
  static at::Tensor summed(const at::Tensor& first, const at::Tensor& second, int64_t values,
                           NormPeers& peers) {
    const at::Tensor sums =
        at::cat({first, second, at::full({1}, static_cast<double>(values), first.options())});
    peers.sum(sums);
    return sums;
  }

  // float32 [3, C]: mean, 1 / deviation, and the number of values in each column.
  static at::Tensor measure(const NormState& norm, NormPeers& peers, const at::Tensor& x) {
    const int64_t channels = x.size(1);
    const at::Tensor wide = x.to(at::kDouble);
    const at::Tensor sums =
        summed(wide.sum(others(x)), wide.square().sum(others(x)), x.numel() / channels, peers);
    const at::Tensor count = sums[2 * channels];
    const at::Tensor mean = sums.narrow(0, 0, channels) / count;
    const at::Tensor variance =
        (sums.narrow(0, channels, channels) / count - mean.square()).clamp_min(0);
    const auto move = [&](const at::Tensor& running, const at::Tensor& value) {
      running.copy_(running.to(at::kDouble).mul(1 - norm.momentum).add(value * norm.momentum));
    };
    move(norm.running_mean, mean);
    move(norm.running_var, variance * (count / (count - 1)));
    return at::stack({mean, (variance + norm.eps).rsqrt(), count.expand({channels})})
        .to(at::kFloat);
  }

  static at::Tensor forward(Context* context, const at::Tensor& x, const Optional& weight,
                            const at::Tensor& bias, const NormState& norm, NormPeers* peers) {
    const at::Tensor rows = NormTape::found([&] { return measure(norm, *peers, x); });
    at::Tensor scale = rows[1];
    if (weight) scale = scale * weight->to(at::kFloat);
    const at::Tensor shift = bias.to(at::kFloat) - rows[0] * scale;
    context->save_for_backward({x, rows, weight.value_or(at::Tensor())});
    context->saved_data["peers"] = reinterpret_cast<int64_t>(peers);
    return (x.to(at::kFloat) * by_channel(scale, x) + by_channel(shift, x))
        .to(x.scalar_type(), /*non_blocking=*/false, /*copy=*/false, x.suggest_memory_format());
  }

  // As in fused_norm.cpp, with both means over all ranks' values.
  static torch::autograd::variable_list backward(Context* context,
                                                 torch::autograd::variable_list grads) {
    const at::NoGradGuard no_grad;
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &rows = saved[1], &weight = saved[2];
    auto& peers = *reinterpret_cast<NormPeers*>(context->saved_data["peers"].toInt());
    const at::Tensor dy = grads.front().to(at::kFloat);
    const at::Tensor normed = (x.to(at::kFloat) - by_channel(rows[0], x)) * by_channel(rows[1], x);
    const at::Tensor own_dy = dy.to(at::kDouble).sum(others(x));
    const at::Tensor own_dot = (dy * normed).to(at::kDouble).sum(others(x));
    const int64_t channels = x.size(1);
    const at::Tensor sums = summed(own_dy, own_dot, 0, peers);
    const at::Tensor count = rows[2].to(at::kDouble);
    const at::Tensor mean_dy = (sums.narrow(0, 0, channels) / count).to(at::kFloat);
    const at::Tensor mean_dot = (sums.narrow(0, channels, channels) / count).to(at::kFloat);
    at::Tensor scale = rows[1];
    if (weight.defined()) scale = scale * weight.to(at::kFloat);
    const at::Tensor dx =
        (dy - by_channel(mean_dy, x) - normed * by_channel(mean_dot, x)) * by_channel(scale, x);
    return {dx.to(x.scalar_type()),
            weight.defined() ? own_dot.to(weight.scalar_type()) : at::Tensor(),
            own_dy.to(at::kFloat), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor shared_norm(const NormState& norm, NormPeers& peers, const at::Tensor& x) {
  const std::optional<at::Tensor> weight =
      norm.weight.defined() ? std::optional(norm.weight) : std::nullopt;
  return SharedNorm::apply(x, weight, norm.bias, norm, &peers);
}

}  // namespace stoker::nn

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "stoker/nn/activation.h"
#include "stoker/nn/by_type.h"
#include "stoker/nn/channel_sums.h"

namespace stoker::nn {
namespace {

struct Parameters {
  Parameters(const ChannelLines& lines, const at::Tensor& bias)
      : one(lines, [](int64_t) { return 1.0f; }),
        zero(lines, [](int64_t) { return 0.0f; }),
        shift(lines, [&](int64_t c) { return bias.const_data_ptr<float>()[c]; }) {}
  kernels::ChannelMap map() const { return {one.data(), shift.data()}; }

  const LineParameter one, zero, shift;
};

struct BiasActivate : torch::autograd::Function<BiasActivate> {
  using Context = torch::autograd::AutogradContext;

  static at::Tensor forward(Context* context, const at::Tensor& x, const at::Tensor& bias,
                            kernels::Gate gate) {
    const at::Tensor out = at::empty_like(x);
    const ChannelLines lines = ChannelLines::of(x);
    const Parameters parameters(lines, bias);
    by_type(x, [&](auto type) {
      using T = decltype(type);
      const auto& loops = kernels::channel_loops<T>(kernels::cpu_level());
      const T* in = data_of<T>(x);
      T* to = data_of<T>(out);
      lines.for_each_chunk([&](int64_t, int64_t at, int64_t count, int64_t width) {
        loops.map[static_cast<size_t>(gate)](in + at, count, width, parameters.map(), to + at);
      });
    });
    context->save_for_backward({x, bias});
    context->saved_data["gate"] = static_cast<int64_t>(gate);
    return out;
  }

  static torch::autograd::variable_list backward(Context* context,
                                                 torch::autograd::variable_list grads) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor dy =
        grads.front().to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor dx = at::empty_like(x);
    const ChannelLines lines = ChannelLines::of(x);
    const Parameters parameters(lines, saved[1]);
    const auto gate = static_cast<size_t>(context->saved_data["gate"].toInt());
    ChannelSums sums;
    by_type(x, [&](auto type) {
      using T = decltype(type);
      const auto& loops = kernels::channel_loops<T>(kernels::cpu_level());
      const T *grad = data_of<T>(dy), *in = data_of<T>(x);
      T* to = data_of<T>(dx);
      sums =
          channel_sums(lines, [&](int64_t at, int64_t count, int64_t width, double* a, double* b) {
            loops.sums_store[gate](grad + at, in + at, count, width, parameters.map(),
                                   parameters.zero.data(), a, b, to + at);
          });
    });
    const at::Tensor bias_grad = at::empty({lines.channels}, at::kFloat);
    for (int64_t c = 0; c < lines.channels; ++c)
      bias_grad.data_ptr<float>()[c] = static_cast<float>(sums.first[static_cast<size_t>(c)]);
    return {dx, bias_grad, at::Tensor()};
  }
};

}  // namespace

at::Tensor bias_activate(const at::Tensor& bias, Activation activation, const at::Tensor& x) {
  const std::optional<kernels::Gate> gate = gate_of(activation);
  if (gate && suits_channel_loops(x) && bias.scalar_type() == at::kFloat && bias.is_contiguous())
    return BiasActivate::apply(x, bias, *gate);
  return activate(activation, x.add(bias.to(x.scalar_type()).view({1, -1, 1, 1})));
}

}  // namespace stoker::nn

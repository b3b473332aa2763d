#include "stoker/nn/convolution.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <torch/csrc/autograd/custom_function.h>

#include "stoker/nn/channel_lines.h"
#include "stoker/nn/weight_gradient.h"

namespace stoker::nn {
namespace {

at::Tensor plain_convolution(const at::Tensor& x, const at::Tensor& weight,
                             const ConvolutionShape& shape) {
  return at::convolution(x, weight, /*bias=*/{}, shape.stride, shape.padding, /*dilation=*/{1, 1},
                         /*transposed=*/false, /*output_padding=*/{0, 0}, shape.groups);
}

struct Convolution : torch::autograd::Function<Convolution> {
  using Context = torch::autograd::AutogradContext;

  static at::Tensor forward(Context* context, const at::Tensor& x, const at::Tensor& weight,
                            const ConvolutionShape& shape) {
    const at::Tensor same_type = weight.to(x.scalar_type());
    context->save_for_backward({x, same_type, weight});
    context->saved_data["stride"] = shape.stride;
    context->saved_data["padding"] = shape.padding;
    context->saved_data["groups"] = shape.groups;
    return plain_convolution(x, same_type, shape);
  }

  static torch::autograd::variable_list backward(Context* context,
                                                 torch::autograd::variable_list grads) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &parameter = saved[2];
    const auto pair = [&](const char* name) {
      const std::vector<int64_t> values = context->saved_data[name].toIntVector();
      return std::array<int64_t, 2>{values[0], values[1]};
    };
    const ConvolutionShape shape{pair("stride"), pair("padding"),
                                 context->saved_data["groups"].toInt()};
    const at::Tensor dy =
        grads.front().to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor x_grad, weight_grad;
    if (context->needs_input_grad(0)) {
      x_grad = std::get<0>(at::convolution_backward(
          dy, x, weight, /*bias_sizes=*/at::OptionalIntArrayRef(), shape.stride, shape.padding,
          /*dilation=*/{1, 1}, /*transposed=*/false, /*output_padding=*/{0, 0}, shape.groups,
          {true, false, false}));
    }
    if (context->needs_input_grad(1)) {
      weight_grad = weight_gradient(dy, x, weight, shape, parameter);
      if (weight_grad.scalar_type() != parameter.scalar_type())
        weight_grad = weight_grad.to(parameter.scalar_type());
    }
    return {x_grad, weight_grad, at::Tensor()};
  }
};

at::Tensor as_autocast_wants(const at::Tensor& x) {
  if (!x.device().is_cpu() || !at::autocast::is_autocast_enabled(at::kCPU)) return x;
  return x.to(at::autocast::get_autocast_dtype(at::kCPU));
}

bool is_plain(const torch::nn::detail::ConvNdOptions<2>& options) {
  return options.groups() == 1 && options.dilation()->at(0) == 1 &&
         options.dilation()->at(1) == 1 &&
         std::holds_alternative<torch::enumtype::kZeros>(options.padding_mode()) &&
         std::holds_alternative<torch::ExpandingArray<2>>(options.padding());
}

// The convolution without its bias.
at::Tensor convolve_unbiased(const torch::nn::Conv2dImpl& conv, const at::Tensor& x) {
  const torch::nn::detail::ConvNdOptions<2>& options = conv.options;
  const ConvolutionShape shape{
      *options.stride(), *std::get<torch::ExpandingArray<2>>(options.padding()), options.groups()};
  return Convolution::apply(x, conv.weight, shape);
}

}  // namespace

at::Tensor convolve(torch::nn::Conv2dImpl& conv, const at::Tensor& x) {
  const at::Tensor cast = as_autocast_wants(x);
  if (!is_plain(conv.options) || conv.bias.defined() || !suits_channel_loops(cast))
    return conv.forward(x);
  return convolve_unbiased(conv, cast);
}

at::Tensor convolve_activate(torch::nn::Conv2dImpl& conv, Activation activation,
                             const at::Tensor& x) {
  const at::Tensor cast = as_autocast_wants(x);
  if (!is_plain(conv.options) || !conv.bias.defined() || !suits_channel_loops(cast))
    return activate(activation, conv.forward(x));
  return bias_activate(conv.bias, activation, convolve_unbiased(conv, cast));
}

}  // namespace stoker::nn

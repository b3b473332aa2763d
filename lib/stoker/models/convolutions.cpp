#include "stoker/models/convolutions.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <torch/nn/init.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "stoker/nn/convolution.h"

namespace stoker::models {
namespace {

thread_local bool has_blank_weights = false;

// Its padding depends on the size of the input.
class SameConv : public torch::nn::Conv2dImpl {
 public:
  using torch::nn::Conv2dImpl::Conv2dImpl;
};

int64_t width_of(const ConvShape& shape) {
  return shape.kernel_width > 0 ? shape.kernel_width : shape.kernel;
}

// Makes one whose weights are not drawn, which a constructor of LibTorch would do at once.
template <class Module>
std::shared_ptr<Module> blank_conv(const ConvShape& shape, torch::ExpandingArray<2> padding) {
  const int64_t width = width_of(shape);
  const auto options = [&](int64_t in, int64_t out, int64_t groups) {
    return torch::nn::Conv2dOptions(in, out, {shape.kernel, width})
        .stride(shape.stride)
        .padding(padding)
        .groups(groups)
        .bias(shape.bias);
  };
  auto conv = std::make_shared<Module>(options(1, 1, 1));
  conv->options.in_channels(shape.in).out_channels(shape.out).groups(shape.groups);
  conv->weight.set_data(at::empty({shape.out, shape.in / shape.groups, shape.kernel, width}));
  if (shape.bias) conv->bias.set_data(at::empty({shape.out}));
  return conv;
}

// Zeros before and behind, so that ceil(size / stride) pixels come out.
std::array<int64_t, 2> same_padding(int64_t size, int64_t kernel, int64_t stride) {
  const int64_t out = (size + stride - 1) / stride;
  const int64_t all = std::max((out - 1) * stride + kernel - size, int64_t{0});
  return {all / 2, all - all / 2};
}

std::array<int64_t, 4> same_padding(const torch::nn::Conv2dImpl& conv, const at::Tensor& x) {
  const int64_t kernel = conv.options.kernel_size()->at(0), stride = conv.options.stride()->at(0);
  const auto [left, right] = same_padding(x.size(3), kernel, stride);
  const auto [top, bottom] = same_padding(x.size(2), kernel, stride);
  return {left, right, top, bottom};
}

void draw_filters(torch::nn::Conv2dImpl& conv, Filters filters) {
  if (filters == Filters::kTorch) {
    conv.reset_parameters();
    return;
  }
  if (conv.bias.defined()) torch::nn::init::zeros_(conv.bias);
  if (filters == Filters::kTenth) {
    torch::nn::init::normal_(conv.weight, 0, 0.1);
    return;
  }
  const int64_t values = conv.weight.numel();
  const bool is_out = filters == Filters::kFanOut || filters == Filters::kFanOutOfGroup;
  int64_t fan = values / conv.weight.size(is_out ? 1 : 0);
  if (filters == Filters::kFanOutOfGroup) fan /= conv.options.groups();
  const double gain = filters == Filters::kUnitFanIn ? 1 : 2;
  const double deviation = std::sqrt(gain / static_cast<double>(fan));
  const double range = std::sqrt(3.0) * deviation;
  if (filters == Filters::kUniformFanIn)
    torch::nn::init::uniform_(conv.weight, -range, range);
  else
    torch::nn::init::normal_(conv.weight, 0, deviation);
}

void draw_classifier(torch::nn::LinearImpl& linear, Classifier classifier) {
  if (classifier == Classifier::kTorch || classifier == Classifier::kTenth) {
    linear.reset_parameters();
    if (classifier == Classifier::kTenth) torch::nn::init::normal_(linear.weight, 0, 0.1);
    return;
  }
  const double range = 1 / std::sqrt(static_cast<double>(linear.weight.size(0)));
  if (classifier == Classifier::kTorchUnbiased)
    linear.reset_parameters();
  else if (classifier == Classifier::kNormal)
    torch::nn::init::normal_(linear.weight, 0, 0.01);
  else
    torch::nn::init::uniform_(linear.weight, -range, range);
  if (linear.bias.defined()) torch::nn::init::zeros_(linear.bias);
}

}  // namespace

Conv make_conv(const ConvShape& shape) {
  if (shape.same) return blank_conv<SameConv>(shape, 0);
  if (shape.padding >= 0) return blank_conv<torch::nn::Conv2dImpl>(shape, shape.padding);
  return blank_conv<torch::nn::Conv2dImpl>(shape, {shape.kernel / 2, width_of(shape) / 2});
}

Linear make_linear(int64_t in, int64_t out, bool bias) {
  auto linear = std::make_shared<torch::nn::LinearImpl>(torch::nn::LinearOptions(1, 1).bias(bias));
  linear->options.in_features(in).out_features(out);
  linear->weight.set_data(at::empty({out, in}));
  if (bias) linear->bias.set_data(at::empty({out}));
  return linear;
}

Norm make_norm(int64_t channels, const nn::BatchNormOptions& options) {
  return std::make_shared<nn::BatchNorm>(channels, options);
}

at::Tensor convolve(torch::nn::Conv2dImpl& conv, const at::Tensor& x) {
  if (!pads_by_hand(conv, x)) return nn::convolve(conv, x);
  return nn::convolve(conv, at::constant_pad_nd(x, same_padding(conv, x)));
}

bool pads_by_hand(const torch::nn::Conv2dImpl& conv, const at::Tensor& x) {
  if (dynamic_cast<const SameConv*>(&conv) == nullptr) return false;
  const std::array<int64_t, 4> padding = same_padding(conv, x);
  return std::any_of(padding.begin(), padding.end(), [](int64_t zeros) { return zeros > 0; });
}

void initialize(torch::nn::Module& network, const Initialization& rules) {
  if (has_blank_weights) return;
  for (const auto& module : network.modules()) {
    if (auto* conv = dynamic_cast<torch::nn::Conv2dImpl*>(module.get()))
      draw_filters(*conv, rules.filters);
    else if (auto* linear = dynamic_cast<torch::nn::LinearImpl*>(module.get()))
      draw_classifier(*linear, rules.classifier);
  }
}

BlankWeights::BlankWeights() : former_(std::exchange(has_blank_weights, true)) {}
bool BlankWeights::active() { return has_blank_weights; }
BlankWeights::~BlankWeights() { has_blank_weights = former_; }

}  // namespace stoker::models

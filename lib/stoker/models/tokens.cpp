#include "stoker/models/tokens.h"

#include <ATen/ops/full.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/init.h>

namespace stoker::models {

Linear make_token_linear(int64_t in, int64_t out, bool bias) {
  auto linear =
      std::make_shared<torch::nn::LinearImpl>(torch::nn::LinearOptions(in, out).bias(bias));
  torch::nn::init::normal_(linear->weight, 0, 0.02);
  if (bias) torch::nn::init::zeros_(linear->bias);
  return linear;
}

LayerNormModule::LayerNormModule(int64_t width, double eps)
    : eps_(eps),
      weight_(register_parameter("weight", at::ones({width}))),
      bias_(register_parameter("bias", at::zeros({width}))) {}

at::Tensor LayerNormModule::forward(const at::Tensor& x) {
  return at::layer_norm(x, {x.size(-1)}, weight_, bias_, eps_);
}

LayerNorm make_layer_norm(int64_t width, double eps) {
  return std::make_shared<LayerNormModule>(width, eps);
}

PatchConv make_patch_conv(int64_t in, int64_t out, int64_t kernel, bool bias) {
  return std::make_shared<torch::nn::Conv2dImpl>(
      torch::nn::Conv2dOptions(in, out, kernel).stride(kernel).bias(bias));
}

TokenMlp::TokenMlp(int64_t width, int64_t hidden)
    : fc1_(register_module("fc1", make_token_linear(width, hidden))),
      fc2_(register_module("fc2", make_token_linear(hidden, width))) {}

at::Tensor TokenMlp::forward(const at::Tensor& x) {
  return fc2_->forward(at::gelu(fc1_->forward(x)));
}

LayerScale::LayerScale(int64_t width, double initial)
    : gamma_(register_parameter("gamma", at::full({width}, initial))) {}

PatchEmbed::PatchEmbed(int64_t channels, int64_t width, int64_t patch)
    : proj_(register_module("proj", make_patch_conv(channels, width, patch))) {}

at::Tensor PatchEmbed::forward(const at::Tensor& images) {
  return proj_->forward(images).flatten(2).transpose(1, 2);
}

}  // namespace stoker::models

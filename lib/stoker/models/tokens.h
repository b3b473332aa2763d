// Layers that networks on patches of an image share, with timm's parameter names and initial
// distributions.
//
//   norm1_ = register_module("norm1", make_layer_norm(width, 1e-6));
//   mlp_ = register_module("mlp", std::make_shared<TokenMlp>(width, 4 * width));
//   x = x + mlp_->forward(norm1_->forward(x));
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace stoker::models {

using Linear = std::shared_ptr<torch::nn::LinearImpl>;
using PatchConv = std::shared_ptr<torch::nn::Conv2dImpl>;

// Weights of deviation 0.02 around zero, the bias zero. (The originals cut the distribution at 2,
// which is a hundred deviations out.)
Linear make_token_linear(int64_t in, int64_t out, bool bias = true);
// PyTorch's initial weights; the stride is `kernel`.
PatchConv make_patch_conv(int64_t in, int64_t out, int64_t kernel, bool bias = true);

// Layer normalization (Ba et al., 2016) over the last dimension, "weight" and "bias". (LibTorch's
// module needs all of its headers.)
class LayerNormModule : public torch::nn::Module {
 public:
  LayerNormModule(int64_t width, double eps);
  at::Tensor forward(const at::Tensor& x);

 private:
  double eps_;
  at::Tensor weight_, bias_;
};
using LayerNorm = std::shared_ptr<LayerNormModule>;
LayerNorm make_layer_norm(int64_t width, double eps);

// "fc1", exact GELU, "fc2" over the last dimension.
class TokenMlp : public torch::nn::Module {
 public:
  TokenMlp(int64_t width, int64_t hidden);
  at::Tensor forward(const at::Tensor& x);

 private:
  Linear fc1_, fc2_;
};

// "gamma", a learned factor a channel, times the last dimension.
class LayerScale : public torch::nn::Module {
 public:
  LayerScale(int64_t width, double initial);
  at::Tensor forward(const at::Tensor& x) { return x * gamma_; }

 private:
  at::Tensor gamma_;
};

// Children "0", "1", … of one kind.
template <class Part>
class Parts : public torch::nn::Module {
 public:
  void add(std::shared_ptr<Part> part) {
    const std::string name = std::to_string(all_.size());
    all_.push_back(register_module(name, std::move(part)));
  }
  const std::vector<std::shared_ptr<Part>>& all() const { return all_; }

 private:
  std::vector<std::shared_ptr<Part>> all_;
};

// "proj" cuts images into patches: [N, channels, H, W] to [N, H / patch * W / patch, width].
class PatchEmbed : public torch::nn::Module {
 public:
  PatchEmbed(int64_t channels, int64_t width, int64_t patch);
  at::Tensor forward(const at::Tensor& images);

 private:
  PatchConv proj_;
};

}  // namespace stoker::models

#include "stoker/models/nf_block.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/init.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "stoker/models/mobile_blocks.h"
#include "stoker/models/squeeze_excite.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

// What a Gaussian's deviation is divided by in an activation, from the paper's code.
double gain_of(nn::Activation activation) {
  if (activation == nn::Activation::kGelu) return 1.7015043497085571;
  return activation == nn::Activation::kRelu ? 1.7139588594436646 : 1.7881293296813965;
}

// ECA: "conv", over the channels.
class NeighbourGate : public Layer {
 public:
  explicit NeighbourGate(int64_t channels) {
    const auto half = static_cast<int64_t>((std::log2(static_cast<double>(channels)) + 1) / 2);
    kernel_ = std::max(half % 2 == 1 ? half : half + 1, int64_t{3});
    const auto conv = register_module("conv", std::make_shared<torch::nn::Module>());
    weight_ = conv->register_parameter("weight", at::empty({1, 1, kernel_}));
    const double range = 1 / std::sqrt(static_cast<double>(kernel_));  // PyTorch's own
    torch::nn::init::uniform_(weight_, -range, range);
  }
  at::Tensor forward(const at::Tensor& x, bool) override {
    const at::Tensor means = x.mean({2, 3}).unsqueeze(1);
    const at::Tensor gates = at::conv1d(means, weight_, {}, 1, kernel_ / 2).sigmoid();
    return x * gates.view({x.size(0), x.size(1), 1, 1});
  }

 private:
  int64_t kernel_;
  at::Tensor weight_;
};

int64_t nf_divisible(double channels) {
  constexpr double kStep = 8;
  return static_cast<int64_t>((channels + kStep / 2) / kStep) * static_cast<int64_t>(kStep);
}

std::shared_ptr<Layer> make_nf_attention(const NfDesign& design, int64_t channels) {
  if (design.attention == NfAttention::kNeighbours)
    return std::make_shared<NeighbourGate>(channels);
  const int64_t reduced =
      std::max(nf_divisible(static_cast<double>(channels) * design.squeeze), int64_t{8});
  return std::make_shared<SqueezeExcite>(
      SqueezeExciteShape{.channels = channels, .reduced = reduced});
}

class NfBlock : public Layer {
 public:
  NfBlock(const NfBlockShape& shape, const NfDesign& design) : shape_(shape), design_(design) {
    const int64_t base = design.regnet ? shape.in : shape.out;
    int64_t mid = round_channels(static_cast<double>(base) * shape.bottleneck);
    const int64_t groups = design.group_width > 0 ? mid / design.group_width : 1;
    if (design.group_width > 0) mid = groups * design.group_width;
    if (shape.in != shape.out || shape.stride != 1) {
      const auto downsample = register_module("downsample", std::make_shared<torch::nn::Module>());
      shortcut_ = downsample->register_module("conv", conv({.in = shape.in, .out = shape.out}));
    }
    const NfConvShape middle{.in = mid, .out = mid, .kernel = 3, .groups = groups};
    NfConvShape first = middle;
    first.stride = shape.stride;
    convs_.push_back(register_module("conv1", conv({.in = shape.in, .out = mid})));
    convs_.push_back(register_module("conv2", conv(first)));
    if (design.extra_conv) convs_.push_back(register_module("conv2b", conv(middle)));
    if (design.attention != NfAttention::kNone) {
      const bool inside = design.regnet;
      attention_ = register_module(inside ? "attn" : "attn_last",
                                   make_nf_attention(design, inside ? mid : shape.out));
    }
    conv3_ = register_module(
        "conv3", conv({.in = mid, .out = shape.out, .gain = design.as_deepmind ? 1.0 : 0.0}));
    if (design.as_deepmind) skip_gain_ = register_parameter("skipinit_gain", at::zeros({}));
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    const at::Tensor entered = nf_activated(design_, x) * shape_.beta;
    const at::Tensor shortcut = shortcut_ ? shortcut_->forward(pooled(entered)) : x;
    at::Tensor y = convs_.front()->forward(entered);
    for (size_t i = 1; i < convs_.size(); ++i) y = convs_[i]->forward(nf_activated(design_, y));
    if (attention_ && design_.regnet) y = attend(y, keep);
    y = conv3_->forward(nf_activated(design_, y));
    if (attention_ && !design_.regnet) y = attend(y, keep);
    y = nn::drop_path(y, shape_.drop_path, is_training());
    if (skip_gain_.defined()) y = y * skip_gain_;
    return y * kNfAlpha + shortcut;
  }

 private:
  NfConv conv(const NfConvShape& shape) const {
    return std::make_shared<StandardizedConv>(shape, design_);
  }
  at::Tensor attend(const at::Tensor& y, bool keep) {
    constexpr double kGain = 2;
    return attention_->forward(y, keep) * kGain;
  }
  at::Tensor pooled(const at::Tensor& x) const {
    if (shape_.stride == 1) return x;
    return at::avg_pool2d(x, {2, 2}, {2, 2}, {0, 0}, /*ceil_mode=*/true,
                          /*count_include_pad=*/false);
  }

  NfBlockShape shape_;
  NfDesign design_;
  NfConv shortcut_, conv3_;
  std::vector<NfConv> convs_;
  std::shared_ptr<Layer> attention_;
  at::Tensor skip_gain_;
};

}  // namespace

StandardizedConv::StandardizedConv(const NfConvShape& shape, const NfDesign& design)
    : shape_(shape), same_padding_(design.as_deepmind) {
  const int64_t fan = shape.in / shape.groups * shape.kernel * shape.kernel;
  weight_ = register_parameter(
      "weight", at::empty({shape.out, shape.in / shape.groups, shape.kernel, shape.kernel}));
  bias_ = register_parameter("bias", at::zeros({shape.out}));
  gain_ = register_parameter("gain", at::full({shape.out, 1, 1, 1}, shape.gain));
  scale_ =
      (design.as_deepmind ? 1 : gain_of(design.activation)) / std::sqrt(static_cast<double>(fan));
}

void StandardizedConv::draw() {
  const double fan = static_cast<double>(weight_[0].numel());
  torch::nn::init::normal_(weight_, 0, 1 / std::sqrt(fan));
}

at::Tensor StandardizedConv::forward(const at::Tensor& x) {
  constexpr double kEps = 1e-5;
  const at::Tensor weight =
      at::batch_norm(weight_.reshape({1, shape_.out, -1}), (gain_ * scale_).view(-1), {}, {}, {},
                     /*training=*/true, /*momentum=*/0, kEps, /*cudnn_enabled=*/true)
          .view(weight_.sizes())
          .contiguous(weight_.suggest_memory_format());
  const at::Tensor in = same_padding_ ? padded(x) : x;
  const int64_t padding = same_padding_ ? 0 : shape_.kernel / 2;
  return at::conv2d(in, weight, bias_, {shape_.stride, shape_.stride}, {padding, padding}, {1, 1},
                    shape_.groups);
}

// So that ceil(size / stride) pixels come out, more zeros behind.
at::Tensor StandardizedConv::padded(const at::Tensor& x) const {
  const auto zeros = [&](int64_t size) {
    const int64_t out = (size + shape_.stride - 1) / shape_.stride;
    return std::max((out - 1) * shape_.stride + shape_.kernel - size, int64_t{0});
  };
  const int64_t rows = zeros(x.size(2)), columns = zeros(x.size(3));
  if (rows == 0 && columns == 0) return x;
  return at::constant_pad_nd(x, {columns / 2, columns - columns / 2, rows / 2, rows - rows / 2});
}

at::Tensor nf_activated(const NfDesign& design, const at::Tensor& x) {
  const at::Tensor y = nn::activate(design.activation, x);
  return design.as_deepmind ? y * gain_of(design.activation) : y;
}

std::shared_ptr<Layer> make_nf_block(const NfBlockShape& shape, const NfDesign& design) {
  return std::make_shared<NfBlock>(shape, design);
}

void draw_standardized(torch::nn::Module& network) {
  if (BlankWeights::active()) return;
  for (const auto& module : network.modules())
    if (auto* conv = dynamic_cast<StandardizedConv*>(module.get())) conv->draw();
}

}  // namespace stoker::models

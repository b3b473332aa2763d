#include "stoker/models/resnet_block.h"

#include <ATen/ops/avg_pool2d.h>
#include <torch/nn/init.h>

#include <algorithm>
#include <string>
#include <vector>

#include "stoker/models/blur_pool.h"
#include "stoker/models/chain.h"
#include "stoker/models/squeeze_excite.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

// conv-norm pairs with ReLU, or another activation, between them, added to the input, then ReLU.
class ResnetBlock : public Layer {
 public:
  explicit ResnetBlock(const ResnetBlockShape& shape)
      : activation_(shape.activation), drop_path_(shape.drop_path) {
    const int64_t in = shape.in, width = shape.width, out = shape.out;
    const int64_t stride = shape.blurs ? 1 : shape.stride;
    if (shape.blurs && shape.stride > 1) {
      blur_ = std::make_shared<BlurPool>();
      blurred_ = shape.bottleneck ? 1 : 0;
    }
    if (shape.bottleneck) {  // the stride is on the 3x3 convolution (torchvision, "ResNet V1.5")
      add({.in = in, .out = width});
      add({.in = width, .out = width, .kernel = 3, .stride = stride, .groups = shape.groups});
      add({.in = width, .out = out});
    } else {
      add({.in = in, .out = width, .kernel = 3, .stride = stride});
      add({.in = width, .out = out, .kernel = 3});
    }
    if (shape.zero_init) torch::nn::init::zeros_(norms_.back()->weight);
    if (shape.squeeze > 0) {
      squeeze_ = register_module(
          "se", std::make_shared<SqueezeExcite>(SqueezeExciteShape{
                    .channels = out,
                    .reduced = multiple_of_8(static_cast<double>(out) * shape.squeeze)}));
    }
    downsample_ = make_downsample(shape);
    if (downsample_) register_module("downsample", downsample_);
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    const at::Tensor shortcut = downsample_ ? downsample_->forward(x) : x;
    Chain chain(x, keep);
    for (size_t i = 0; i + 1 < convs_.size(); ++i) {
      chain.conv(convs_[i]).norm(norms_[i], activation_);
      if (i == blurred_) chain.then(blur_.get());
    }
    chain.conv(convs_.back());
    if (!squeeze_)
      return chain.join(norms_.back(), activation_, shortcut, drop_path_, is_training());
    const at::Tensor branch =
        chain.norm(norms_.back(), nn::Activation::kIdentity).then(squeeze_.get()).now();
    return nn::activate(activation_, nn::drop_path(branch, drop_path_, is_training()) + shortcut);
  }

 private:
  static int64_t multiple_of_8(double channels) {
    constexpr int64_t kStep = 8;
    return std::max(kStep, static_cast<int64_t>((channels + kStep / 2.0) / kStep) * kStep);
  }

  void add(const ConvShape& shape) {
    const std::string number = std::to_string(convs_.size() + 1);
    convs_.push_back(register_module("conv" + number, make_conv(shape)));
    norms_.push_back(register_module("bn" + number, make_norm(shape.out)));
  }

  nn::Activation activation_;
  double drop_path_;
  size_t blurred_ = 0;  // behind which of convs_
  std::shared_ptr<BlurPool> blur_;
  std::vector<Conv> convs_;
  std::vector<Norm> norms_;
  std::shared_ptr<SqueezeExcite> squeeze_;
  std::shared_ptr<Downsample> downsample_;
};

}  // namespace

Downsample::Downsample(const ResnetBlockShape& shape)
    : pool_stride_(shape.pools_shortcut ? shape.stride : 1) {
  const bool pools = shape.pools_shortcut;
  conv_ = register_module(
      pools ? "1" : "0",
      make_conv({.in = shape.in, .out = shape.out, .stride = pools ? 1 : shape.stride}));
  norm_ = register_module(pools ? "2" : "1", make_norm(shape.out));
}

at::Tensor Downsample::forward(const at::Tensor& x) {
  if (pool_stride_ == 1) return norm_->forward(convolve(*conv_, x));
  const at::Tensor pooled = at::avg_pool2d(x, {2, 2}, {pool_stride_, pool_stride_}, {0, 0},
                                           /*ceil_mode=*/true, /*count_include_pad=*/false);
  return norm_->forward(convolve(*conv_, pooled));
}

std::shared_ptr<Downsample> make_downsample(const ResnetBlockShape& shape) {
  if (shape.stride == 1 && shape.in == shape.out) return nullptr;
  return std::make_shared<Downsample>(shape);
}

std::shared_ptr<Layer> make_resnet_block(const ResnetBlockShape& shape) {
  return std::make_shared<ResnetBlock>(shape);
}

}  // namespace stoker::models

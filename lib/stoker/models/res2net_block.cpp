// The block of Res2Net (Gao et al., "Res2Net: A New Multi-scale Backbone Architecture", 2019,
// figure 2): the middle convolution divided into scales, each of which also sees what the one
// before gave.
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <torch/nn/init.h>

#include <string>
#include <vector>

#include "stoker/models/chain.h"
#include "stoker/models/resnet_block.h"

namespace stoker::models {
namespace {

using nn::Activation::kRelu;

class Res2netBlock : public Layer {
 public:
  explicit Res2netBlock(const ResnetBlockShape& shape)
      : stride_(shape.stride), first_(shape.first_of_stage), drop_path_(shape.drop_path) {
    const int64_t width = shape.width, all = width * shape.scales;
    conv1_ = register_module("conv1", make_conv({.in = shape.in, .out = all}));
    bn1_ = register_module("bn1", make_norm(all));
    const auto convs = register_module("convs", std::make_shared<torch::nn::Module>());
    const auto norms = register_module("bns", std::make_shared<torch::nn::Module>());
    for (int64_t i = 0; i + 1 < shape.scales; ++i) {
      const std::string number = std::to_string(i);
      convs_.push_back(convs->register_module(number, make_conv({.in = width,
                                                                 .out = width,
                                                                 .kernel = 3,
                                                                 .stride = shape.stride,
                                                                 .groups = shape.groups})));
      norms_.push_back(norms->register_module(number, make_norm(width)));
    }
    conv3_ = register_module("conv3", make_conv({.in = all, .out = shape.out}));
    bn3_ = register_module("bn3", make_norm(shape.out));
    if (shape.zero_init) torch::nn::init::zeros_(bn3_->weight);
    downsample_ = make_downsample(shape);
    if (downsample_) register_module("downsample", downsample_);
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    const at::Tensor shortcut = downsample_ ? downsample_->forward(x) : x;
    const at::Tensor entered = Chain(x, keep).conv(conv1_).norm(bn1_, kRelu).now();
    return Chain(scales(entered, keep), keep)
        .conv(conv3_)
        .join(bn3_, kRelu, shortcut, drop_path_, is_training());
  }

 private:
  at::Tensor scales(const at::Tensor& x, bool keep) const {
    const std::vector<at::Tensor> parts =
        x.chunk(static_cast<int64_t>(convs_.size()) + 1, /*dim=*/1);
    std::vector<at::Tensor> made;
    for (size_t i = 0; i < convs_.size(); ++i) {
      const at::Tensor part = i == 0 || first_ ? parts[i] : made.back() + parts[i];
      made.push_back(Chain(part, keep).conv(convs_[i]).norm(norms_[i], kRelu).now());
    }
    made.push_back(first_ ? at::avg_pool2d(parts.back(), {3, 3}, {stride_, stride_}, {1, 1})
                          : parts.back());
    return at::cat(made, 1);
  }

  int64_t stride_;
  bool first_;
  double drop_path_;
  Conv conv1_, conv3_;
  Norm bn1_, bn3_;
  std::vector<Conv> convs_;
  std::vector<Norm> norms_;
  std::shared_ptr<Downsample> downsample_;
};

}  // namespace

std::shared_ptr<Layer> make_res2net_block(const ResnetBlockShape& shape) {
  return std::make_shared<Res2netBlock>(shape);
}

}  // namespace stoker::models

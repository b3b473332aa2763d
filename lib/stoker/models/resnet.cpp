#include "stoker/models/resnet.h"

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/flatten.h>
#include <ATen/ops/max_pool2d.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "stoker/models/check.h"
#include "stoker/nn/batch_norm.h"
#include "stoker/nn/convolution.h"
#include "stoker/nn/recompute.h"

namespace stoker::models {
namespace {

using Conv = std::shared_ptr<torch::nn::Conv2dImpl>;
using Norm = std::shared_ptr<nn::BatchNorm>;
constexpr nn::Activation kRelu = nn::Activation::kRelu;

Conv make_conv(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t groups = 1) {
  auto conv = std::make_shared<torch::nn::Conv2dImpl>(torch::nn::Conv2dOptions(in, out, kernel)
                                                          .stride(stride)
                                                          .padding(kernel / 2)
                                                          .groups(groups)
                                                          .bias(false));
  torch::nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
  return conv;
}

Norm make_norm(int64_t channels) {
  return std::make_shared<nn::BatchNorm>(channels, nn::BatchNormOptions{});
}

// The projection of a block whose input and output differ: "0" convolves, "1" normalizes.
class Downsample : public torch::nn::Module {
 public:
  Downsample(int64_t in, int64_t out, int64_t stride)
      : conv_(register_module("0", make_conv(in, out, 1, stride))),
        norm_(register_module("1", make_norm(out))) {}
  at::Tensor forward(const at::Tensor& x) { return norm_->forward(nn::convolve(*conv_, x)); }

 private:
  Conv conv_;
  Norm norm_;
};

struct BlockShape {
  int64_t in, width, out, stride, groups;
};

// conv-norm pairs with ReLU between them, added to the input, then ReLU.
class Block : public torch::nn::Module {
 public:
  Block(const BlockShape& shape, bool bottleneck) {
    const auto [in, width, out, stride, groups] = shape;
    if (bottleneck) {  // the stride is on the 3x3 convolution (torchvision, "ResNet V1.5")
      add(make_conv(in, width, 1));
      add(make_conv(width, width, 3, stride, groups));
      add(make_conv(width, out, 1));
    } else {
      add(make_conv(in, width, 3, stride));
      add(make_conv(width, out, 3));
    }
    if (stride != 1 || in != out)
      downsample_ = register_module("downsample", std::make_shared<Downsample>(in, out, stride));
  }

  // keep: for the backward pass, what lies between a norm and the next convolution.
  at::Tensor forward(const at::Tensor& x, bool keep) {
    const at::Tensor shortcut = downsample_ ? downsample_->forward(x) : x;
    at::Tensor y = nn::convolve(*convs_.front(), x);
    for (size_t i = 1; i < convs_.size(); ++i) {
      const auto convolve = [&](const at::Tensor& in) { return nn::convolve(*convs_[i], in); };
      y = nn::consume(nn::deferred_norm(norms_[i - 1], kRelu, std::move(y)), convolve, keep);
    }
    return nn::norm_activate(*norms_.back(), kRelu, y, shortcut);
  }

  nn::BatchNorm& last_norm() { return *norms_.back(); }

 private:
  void add(Conv conv) {
    const std::string number = std::to_string(convs_.size() + 1);
    const int64_t channels = conv->options.out_channels();
    convs_.push_back(register_module("conv" + number, std::move(conv)));
    norms_.push_back(register_module("bn" + number, make_norm(channels)));
  }

  std::vector<Conv> convs_;
  std::vector<Norm> norms_;
  std::shared_ptr<Downsample> downsample_;
};

// Blocks "0", "1", …
class Stage : public torch::nn::Module {
 public:
  void add(std::shared_ptr<Block> block) {
    const std::string name = std::to_string(blocks_.size());
    blocks_.push_back(register_module(name, std::move(block)));
  }
  const std::vector<std::shared_ptr<Block>>& blocks() const { return blocks_; }

 private:
  std::vector<std::shared_ptr<Block>> blocks_;
};

struct Architecture {
  bool bottleneck;
  std::array<int64_t, 4> blocks;
};

// Table 1 of He et al.
Architecture architecture_of(int64_t depth) {
  switch (depth) {
    case 18:
      return {false, {2, 2, 2, 2}};
    case 34:
      return {false, {3, 4, 6, 3}};
    case 50:
      return {true, {3, 4, 6, 3}};
    case 101:
      return {true, {3, 4, 23, 3}};
    case 152:
      return {true, {3, 8, 36, 3}};
    default:
      throw InternalError(fmt::format("no ResNet of depth {}", depth));
  }
}

class Resnet : public Model {
 public:
  Resnet(const ResnetOptions& options, const ModelContext& context, bool cifar_stem)
      : dropout_(options.dropout),
        pool_stem_(!cifar_stem),
        chosen_(options.stem == Stem::kAuto ? ", chosen by auto" : "") {
    const Architecture architecture = architecture_of(options.depth);
    conv1_ = register_module("conv1", cifar_stem ? make_conv(context.channels, 64, 3)
                                                 : make_conv(context.channels, 64, 7, 2));
    bn1_ = register_module("bn1", make_norm(64));
    int64_t channels = 64;
    for (int64_t stage = 0; stage < 4; ++stage)
      channels = add_stage(stage, channels, architecture, options);
    fc_ = register_module("fc", std::make_shared<torch::nn::LinearImpl>(channels, context.classes));
  }

  bool takes_any_size() const override { return true; }

  at::Tensor forward(const at::Tensor& images) override {
    at::Tensor x = stem(images);
    for (const auto& stage : stages_)
      for (const auto& block : stage->blocks()) x = run_block(block, x);
    x = at::flatten(at::adaptive_avg_pool2d(x, {1, 1}), 1);
    if (dropout_ > 0) x = at::dropout(x, dropout_, is_training());
    return fc_->forward(x);
  }

  std::vector<Recompute> recompute_rungs() const override {
    return {Recompute::kNone, Recompute::kNorms, Recompute::kBlocks};
  }

  std::string head() const override { return "fc."; }
  std::string stem() const override { return "conv1.weight"; }

  std::string notes() const override {
    return fmt::format("stem {} (model.stem{})", pool_stem_ ? "imagenet" : "cifar", chosen_);
  }

  // The stem, each block, the classifier, as timm counts them.
  std::vector<std::vector<std::string>> layers() const override {
    std::vector<std::vector<std::string>> layers{{"conv1.", "bn1."}};
    for (size_t stage = 0; stage < stages_.size(); ++stage)
      for (size_t block = 0; block < stages_[stage]->blocks().size(); ++block)
        layers.push_back({fmt::format("layer{}.{}.", stage + 1, block)});
    layers.push_back({"fc."});
    return layers;
  }

 private:
  bool keeps_activations() const { return recompute() == Recompute::kNone; }

  at::Tensor stem(const at::Tensor& images) {
    const auto run = [conv = conv1_, norm = bn1_, pool = pool_stem_,
                      keep = keeps_activations()](const at::Tensor& in) {
      const nn::Deferred out = nn::deferred_norm(norm, kRelu, nn::convolve(*conv, in));
      if (!pool) return out.now();
      return nn::consume(
          out, [](const at::Tensor& x) { return at::max_pool2d(x, 3, 2, 1); }, keep);
    };
    if (recompute() != Recompute::kBlocks) return run(images);
    std::vector<at::Tensor> parameters = bn1_->parameters();
    parameters.push_back(conv1_->weight);
    return nn::recompute(run, parameters, images);
  }

  // The last block is the first of the backward pass: making it again then would free nothing.
  at::Tensor run_block(const std::shared_ptr<Block>& block, const at::Tensor& x) {
    if (recompute() != Recompute::kBlocks || block == stages_.back()->blocks().back())
      return block->forward(x, keeps_activations());
    const auto run = [block](const at::Tensor& in) { return block->forward(in, false); };
    return nn::recompute(run, block->parameters(), x);
  }

  int64_t add_stage(int64_t index, int64_t in, const Architecture& architecture,
                    const ResnetOptions& options) {
    auto stage = std::make_shared<Stage>();
    const int64_t planes = int64_t{64} << index;
    const int64_t out = architecture.bottleneck ? planes * 4 : planes;
    const int64_t width =
        architecture.bottleneck ? planes * options.group_width / 64 * options.groups : planes;
    for (int64_t i = 0; i < architecture.blocks[index]; ++i) {
      const int64_t stride = index > 0 && i == 0 ? 2 : 1;
      auto block =
          std::make_shared<Block>(BlockShape{i == 0 ? in : out, width, out, stride, options.groups},
                                  architecture.bottleneck);
      if (options.zero_init_residual) torch::nn::init::zeros_(block->last_norm().weight);
      stage->add(std::move(block));
    }
    stages_.push_back(register_module(fmt::format("layer{}", index + 1), std::move(stage)));
    return out;
  }

  double dropout_;
  bool pool_stem_;
  std::string_view chosen_;  // how
  Conv conv1_;
  Norm bn1_;
  std::vector<std::shared_ptr<Stage>> stages_;
  std::shared_ptr<torch::nn::LinearImpl> fc_;
};

}  // namespace

std::span<const std::string_view> enum_names(Stem) {
  static constexpr std::array<std::string_view, 3> kNames{"auto", "imagenet", "cifar"};
  return kNames;
}

void describe(ResnetOptions& options, config::Fields& fields) {
  fields(
      "stem", options.stem,
      "imagenet: 7x7 convolution of stride 2 and max pooling; cifar: 3x3 of stride 1, which costs "
      "up to 16 times as much; auto: that of model.weights, else cifar up to 32x32 pixels");
  fields("dropout", options.dropout, "share of features dropped before the classifier").in(0, 0.99);
  fields("zero_init_residual", options.zero_init_residual,
         "start the last norm of each block at zero, so that blocks begin as the identity");
}

std::shared_ptr<Model> build_resnet(const ResnetOptions& options, const ModelContext& context) {
  check_context("resnet", context, {.height = 1, .width = 1});
  constexpr int64_t kLargestCifarSide = 32, kCifarKernel = 3;
  const bool small = context.stem_kernel > 0
                         ? context.stem_kernel == kCifarKernel
                         : std::max(context.height, context.width) <= kLargestCifarSide;
  const bool cifar = options.stem == Stem::kCifar || (options.stem == Stem::kAuto && small);
  return std::make_shared<Resnet>(options, context, cifar);
}

}  // namespace stoker::models

#include "stoker/models/convnext.h"

#include <ATen/ops/dropout.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/init.h>

#include <numeric>
#include <string>
#include <vector>

#include "stoker/models/check.h"
#include "stoker/models/tokens.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

constexpr double kConvNextEps = 1e-6;
constexpr int64_t kConvNextPatch = 4;

PatchConv make_patch_conv(const torch::nn::Conv2dOptions& options) {
  auto conv = std::make_shared<torch::nn::Conv2dImpl>(options);
  torch::nn::init::normal_(conv->weight, 0, 0.02);
  torch::nn::init::zeros_(conv->bias);
  return conv;
}

// [N, C, H, W] to [N, H, W, C] and back: views of the same memory in channels_last.
at::Tensor channels_last(const at::Tensor& x) { return x.permute({0, 2, 3, 1}); }
at::Tensor channels_first(const at::Tensor& x) { return x.permute({0, 3, 1, 2}); }

at::Tensor normalize(const LayerNorm& norm, const at::Tensor& x) {
  return channels_first(norm->forward(channels_last(x)));
}

// A linear layer whose weight may have the shape of a 1x1 convolution's.
class Pointwise : public torch::nn::Module {
 public:
  Pointwise(int64_t in, int64_t out, bool as_convolution) {
    at::Tensor weight = at::zeros({out, in});
    if (as_convolution) weight = weight.view({out, in, 1, 1});
    weight_ = register_parameter("weight", weight);
    bias_ = register_parameter("bias", at::zeros({out}));
    torch::nn::init::normal_(weight_, 0, 0.02);
  }
  at::Tensor forward(const at::Tensor& x) { return at::linear(x, weight_.flatten(1), bias_); }

 private:
  at::Tensor weight_, bias_;
};

// Global response normalization (V2, algorithm 1) of x: [N, H, W, C].
class ResponseNorm : public torch::nn::Module {
 public:
  explicit ResponseNorm(int64_t width)
      : weight_(register_parameter("weight", at::zeros({width}))),
        bias_(register_parameter("bias", at::zeros({width}))) {}
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor norm = x.norm(2, {1, 2}, /*keepdim=*/true);
    const at::Tensor relative = norm / (norm.mean(-1, /*keepdim=*/true) + kConvNextEps);
    return x + (x * relative * weight_ + bias_);
  }

 private:
  at::Tensor weight_, bias_;
};

class ConvNextMlp : public torch::nn::Module {
 public:
  ConvNextMlp(int64_t width, const ConvnextOptions& options)
      : fc1_(register_module("fc1",
                             std::make_shared<Pointwise>(width, 4 * width, options.conv_mlp))),
        grn_(options.response_norm
                 ? register_module("grn", std::make_shared<ResponseNorm>(4 * width))
                 : nullptr),
        fc2_(register_module("fc2",
                             std::make_shared<Pointwise>(4 * width, width, options.conv_mlp))) {}
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor y = at::gelu(fc1_->forward(x));
    return fc2_->forward(grn_ ? grn_->forward(y) : y);
  }

 private:
  std::shared_ptr<Pointwise> fc1_;
  std::shared_ptr<ResponseNorm> grn_;
  std::shared_ptr<Pointwise> fc2_;
};

class ConvNextBlock : public torch::nn::Module {
 public:
  ConvNextBlock(int64_t width, const ConvnextOptions& options, double drop_path)
      : drop_path_(drop_path),
        conv_dw_(register_module(
            "conv_dw",
            make_patch_conv(torch::nn::Conv2dOptions(width, width, 7).padding(3).groups(width)))),
        norm_(register_module("norm", make_layer_norm(width, kConvNextEps))),
        mlp_(register_module("mlp", std::make_shared<ConvNextMlp>(width, options))) {
    if (options.layer_scale > 0)
      gamma_ = register_parameter("gamma", at::zeros({width}) + options.layer_scale);
  }

  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = channels_last(conv_dw_->forward(x));
    y = mlp_->forward(norm_->forward(y));
    if (gamma_.defined()) y = y * gamma_;
    return x + nn::drop_path(channels_first(y), drop_path_, is_training());
  }

 private:
  double drop_path_;
  PatchConv conv_dw_;
  LayerNorm norm_;
  std::shared_ptr<ConvNextMlp> mlp_;
  at::Tensor gamma_;
};

// "0" normalizes and "1" convolves, or the other way round in the stem.
class Stem : public torch::nn::Module {
 public:
  Stem(int64_t channels, int64_t width)
      : conv_(register_module(
            "0",
            make_patch_conv(
                torch::nn::Conv2dOptions(channels, width, kConvNextPatch).stride(kConvNextPatch)))),
        norm_(register_module("1", make_layer_norm(width, kConvNextEps))) {}
  at::Tensor forward(const at::Tensor& images) { return normalize(norm_, conv_->forward(images)); }

 private:
  PatchConv conv_;
  LayerNorm norm_;
};

class Downsample : public torch::nn::Module {
 public:
  Downsample(int64_t in, int64_t out)
      : norm_(register_module("0", make_layer_norm(in, kConvNextEps))),
        conv_(register_module("1",
                              make_patch_conv(torch::nn::Conv2dOptions(in, out, 2).stride(2)))) {}
  at::Tensor forward(const at::Tensor& x) { return conv_->forward(normalize(norm_, x)); }

 private:
  LayerNorm norm_;
  PatchConv conv_;
};

class ConvNextStage : public torch::nn::Module {
 public:
  ConvNextStage(int64_t in, int64_t out) {
    if (in != out)
      downsample_ = register_module("downsample", std::make_shared<Downsample>(in, out));
    blocks_ = register_module("blocks", std::make_shared<Parts<ConvNextBlock>>());
  }
  void add(std::shared_ptr<ConvNextBlock> block) { blocks_->add(std::move(block)); }
  at::Tensor enter(const at::Tensor& x) { return downsample_ ? downsample_->forward(x) : x; }
  const std::vector<std::shared_ptr<ConvNextBlock>>& blocks() const { return blocks_->all(); }

 private:
  std::shared_ptr<Downsample> downsample_;
  std::shared_ptr<Parts<ConvNextBlock>> blocks_;
};

class ConvNextClassifier : public torch::nn::Module {
 public:
  ConvNextClassifier(int64_t width, int64_t classes, const ConvnextOptions& options)
      : dropout_(options.dropout),
        pool_(options.pool),
        norm_(register_module("norm", make_layer_norm(width, kConvNextEps))),
        fc_(register_module("fc", make_token_linear(width, classes))) {}
  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = norm_->forward(global_pool_of_tokens(pool_, channels_last(x)));
    if (dropout_ > 0) y = at::dropout(y, dropout_, is_training());
    return fc_->forward(y);
  }

 private:
  double dropout_;
  Pool pool_;
  LayerNorm norm_;
  Linear fc_;
};

class Convnext : public Model {
 public:
  Convnext(const ConvnextOptions& options, const ModelContext& context) {
    const auto& [depths, widths] = std::tie(options.depths, options.widths);
    stem_ = register_module("stem", std::make_shared<Stem>(context.channels, widths[0]));
    stages_ = register_module("stages", std::make_shared<Parts<ConvNextStage>>());
    const int64_t blocks = std::accumulate(depths.begin(), depths.end(), int64_t{0});
    int64_t index = 0, in = widths[0];
    for (size_t s = 0; s < depths.size(); ++s) {
      auto stage = std::make_shared<ConvNextStage>(in, widths[s]);
      for (int64_t b = 0; b < depths[s]; ++b, ++index)
        stage->add(std::make_shared<ConvNextBlock>(
            widths[s], options, nn::drop_path_rate(options.drop_path, index, blocks)));
      stages_->add(std::move(stage));
      in = widths[s];
    }
    head_ = register_module(
        "head", std::make_shared<ConvNextClassifier>(widths[3], context.classes, options));
  }

  bool takes_any_size() const override { return true; }

  at::Tensor forward(const at::Tensor& images) override { return run_segments(images); }

  std::vector<Segment> segments() override {
    std::vector<Segment> segments{
        {{"stem."}, [this](const at::Tensor& images) { return stem_->forward(images); }}};
    add_stages(segments, "stages.", stages_->all());
    segments.push_back({{"head."}, [this](const at::Tensor& x) { return head_->forward(x); }});
    return segments;
  }

  std::vector<Recompute> recompute_rungs() const override {
    return {Recompute::kNone, Recompute::kBlocks};
  }

  std::string head() const override { return "head.fc."; }

  std::string stem() const override { return "stem.0.weight"; }

  // The stem, each block, the first of a stage with what leads to it, the head, as timm counts.
  std::vector<std::vector<std::string>> layers() const override {
    std::vector<std::vector<std::string>> layers{{"stem."}};
    for (size_t s = 0; s < stages_->all().size(); ++s) {
      for (size_t b = 0; b < stages_->all()[s]->blocks().size(); ++b) {
        layers.push_back({fmt::format("stages.{}.blocks.{}.", s, b)});
        if (b == 0) layers.back().push_back(fmt::format("stages.{}.downsample.", s));
      }
    }
    layers.push_back({"head.norm.", "head.fc."});
    return layers;
  }

 private:
  std::shared_ptr<Stem> stem_;
  std::shared_ptr<Parts<ConvNextStage>> stages_;
  std::shared_ptr<ConvNextClassifier> head_;
};

}  // namespace

void describe(ConvnextOptions& options, config::Fields& fields) {
  fields("layer_scale", options.layer_scale,
         "initial value of a learned factor a channel on each branch; 0: there is none")
      .in(0, 10);
  fields("drop_path", options.drop_path,
         "probability with which the last block's branch leaves a sample out; it rises linearly "
         "from 0 in the first (stochastic depth)")
      .in(0, 0.99);
  fields("dropout", options.dropout, "share of features dropped before the classifier").in(0, 0.99);
  describe_pool(options.pool, fields);
}

std::shared_ptr<Model> build_convnext(const ConvnextOptions& options, const ModelContext& context) {
  check_context("convnext", context, {32, 32});
  return std::make_shared<Convnext>(options, context);
}

ModelTable::Rows convnext_rows() {
  struct Size {
    std::string_view first, second;  // V1 and V2; "" where there is none
    std::array<int64_t, 4> depths, widths;
    bool conv_mlp;
  };
  const std::vector<Size> sizes{
      {"convnext_atto", "convnextv2_atto", {2, 2, 6, 2}, {40, 80, 160, 320}, true},
      {"convnext_femto", "convnextv2_femto", {2, 2, 6, 2}, {48, 96, 192, 384}, true},
      {"convnext_pico", "convnextv2_pico", {2, 2, 6, 2}, {64, 128, 256, 512}, true},
      {"convnext_nano", "convnextv2_nano", {2, 2, 8, 2}, {80, 160, 320, 640}, true},
      {"convnext_tiny", "convnextv2_tiny", {3, 3, 9, 3}, {96, 192, 384, 768}, false},
      {"convnext_small", "convnextv2_small", {3, 3, 27, 3}, {96, 192, 384, 768}, false},
      {"convnext_base", "convnextv2_base", {3, 3, 27, 3}, {128, 256, 512, 1024}, false},
      {"convnext_large", "convnextv2_large", {3, 3, 27, 3}, {192, 384, 768, 1536}, false},
  };
  ModelTable::Rows rows;
  for (const Size& size : sizes)
    rows.push_back(ModelTable::row<ConvnextOptions>(
        size.first, "convolutional network with the design of a transformer", build_convnext,
        {.depths = size.depths, .widths = size.widths, .conv_mlp = size.conv_mlp}));
  for (const Size& size : sizes)
    rows.push_back(ModelTable::row<ConvnextOptions>(
        size.second, "ConvNeXt with global response normalization", build_convnext,
        {.depths = size.depths,
         .widths = size.widths,
         .conv_mlp = size.conv_mlp,
         .response_norm = true,
         .layer_scale = 0}));
  return rows;
}

}  // namespace stoker::models

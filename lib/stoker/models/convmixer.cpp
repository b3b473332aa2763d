#include "stoker/models/convmixer.h"

#include <ATen/ops/dropout.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <string>
#include <vector>

#include "stoker/models/check.h"
#include "stoker/models/convolutions.h"
#include "stoker/models/tokens.h"
#include "stoker/nn/batch_norm.h"
#include "stoker/nn/convolution.h"

namespace stoker::models {
namespace {

// A convolution, the activation, a norm; the first and the last have names.
class ConvNorm : public torch::nn::Module {
 public:
  ConvNorm(const torch::nn::Conv2dOptions& options, nn::Activation activation)
      : activation_(activation),
        conv_(register_module("0", std::make_shared<torch::nn::Conv2dImpl>(options))),
        norm_(register_module("2", make_norm(options.out_channels()))) {}
  at::Tensor forward(const at::Tensor& x) {
    return norm_->forward(nn::convolve_activate(*conv_, activation_, x));
  }

 private:
  nn::Activation activation_;
  PatchConv conv_;
  Norm norm_;
};

class Residual : public torch::nn::Module {
 public:
  Residual(const torch::nn::Conv2dOptions& options, nn::Activation activation)
      : fn_(register_module("fn", std::make_shared<ConvNorm>(options, activation))) {}
  at::Tensor forward(const at::Tensor& x) { return fn_->forward(x) + x; }

 private:
  std::shared_ptr<ConvNorm> fn_;
};

class ConvMixerBlock : public torch::nn::Module {
 public:
  explicit ConvMixerBlock(const ConvmixerOptions& options)
      : activation_(options.activation),
        depthwise_(register_module(
            "0", std::make_shared<Residual>(
                     torch::nn::Conv2dOptions(options.width, options.width, options.kernel)
                         .padding(options.kernel / 2)
                         .groups(options.width),
                     options.activation))),
        pointwise_(
            register_module("1", std::make_shared<torch::nn::Conv2dImpl>(
                                     torch::nn::Conv2dOptions(options.width, options.width, 1)))),
        norm_(register_module("3", make_norm(options.width))) {}
  at::Tensor forward(const at::Tensor& x) {
    return norm_->forward(nn::convolve_activate(*pointwise_, activation_, depthwise_->forward(x)));
  }

 private:
  nn::Activation activation_;
  std::shared_ptr<Residual> depthwise_;
  PatchConv pointwise_;
  Norm norm_;
};

class Convmixer : public Model {
 public:
  Convmixer(const ConvmixerOptions& options, const ModelContext& context)
      : dropout_(options.dropout), pool_(options.pool) {
    stem_ = register_module(
        "stem", std::make_shared<ConvNorm>(
                    torch::nn::Conv2dOptions(context.channels, options.width, options.patch)
                        .stride(options.patch),
                    options.activation));
    blocks_ = register_module("blocks", std::make_shared<Parts<ConvMixerBlock>>());
    for (int64_t i = 0; i < options.depth; ++i)
      blocks_->add(std::make_shared<ConvMixerBlock>(options));
    head_ = register_module(
        "head", std::make_shared<torch::nn::LinearImpl>(options.width, context.classes));
  }

  bool takes_any_size() const override { return true; }

  at::Tensor forward(const at::Tensor& images) override { return run_segments(images); }

  std::vector<Segment> segments() override {
    std::vector<Segment> segments{
        {{"stem."}, [this](const at::Tensor& images) { return stem_->forward(images); }}};
    add_blocks(segments, "blocks.", blocks_->all());
    segments.push_back({{"head."}, [this](const at::Tensor& map) {
                          at::Tensor x = pool_ == Pool::kAvg ? map.mean({2, 3})
                                                             : global_pool(pool_, map).flatten(1);
                          if (dropout_ > 0) x = at::dropout(x, dropout_, is_training());
                          return head_->forward(x);
                        }});
    return segments;
  }

  std::vector<Recompute> recompute_rungs() const override {
    return {Recompute::kNone, Recompute::kBlocks};
  }

  std::string head() const override { return "head."; }

  std::string stem() const override { return "stem.0.weight"; }

  std::vector<std::vector<std::string>> layers() const override {
    std::vector<std::vector<std::string>> layers{{"stem."}};
    for (size_t i = 0; i < blocks_->all().size(); ++i)
      layers.push_back({"blocks." + std::to_string(i) + "."});
    layers.push_back({"head."});
    return layers;
  }

 private:
  double dropout_;
  Pool pool_;
  std::shared_ptr<ConvNorm> stem_;
  std::shared_ptr<Parts<ConvMixerBlock>> blocks_;
  Linear head_;
};

}  // namespace

void describe(ConvmixerOptions& options, config::Fields& fields) {
  fields("dropout", options.dropout, "share of features dropped before the classifier").in(0, 0.99);
  describe_pool(options.pool, fields);
}

std::shared_ptr<Model> build_convmixer(const ConvmixerOptions& options,
                                       const ModelContext& context) {
  check_context("convmixer", context, {options.patch, options.patch});
  return std::make_shared<Convmixer>(options, context);
}

ModelTable::Rows convmixer_rows() {
  const auto row = [](std::string_view name, const ConvmixerOptions& options) {
    return ModelTable::row<ConvmixerOptions>(
        name, "convolutions that mix places and channels in turns", build_convmixer, options);
  };
  return {
      row("convmixer_768_32", {.activation = nn::Activation::kRelu}),
      row("convmixer_1024_20_ks9_p14", {.width = 1024, .depth = 20, .kernel = 9, .patch = 14}),
      row("convmixer_1536_20", {.width = 1536, .depth = 20, .kernel = 9}),
  };
}

}  // namespace stoker::models

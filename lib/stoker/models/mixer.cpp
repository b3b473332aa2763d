#include "stoker/models/mixer.h"

#include <ATen/ops/dropout.h>
#include <torch/nn/init.h>

#include <cmath>
#include <string>
#include <vector>

#include "stoker/models/check.h"
#include "stoker/models/tokens.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

constexpr double kMixerEps = 1e-6;

class MixerBlock : public torch::nn::Module {
 public:
  MixerBlock(int64_t tokens, const MixerOptions& options)
      : drop_path_(options.drop_path),
        norm1_(register_module("norm1", make_layer_norm(options.width, kMixerEps))),
        mlp_tokens_(
            register_module("mlp_tokens", std::make_shared<TokenMlp>(tokens, options.width / 2))),
        norm2_(register_module("norm2", make_layer_norm(options.width, kMixerEps))),
        mlp_channels_(register_module(
            "mlp_channels", std::make_shared<TokenMlp>(options.width, 4 * options.width))) {}

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor mixed = mlp_tokens_->forward(norm1_->forward(x).transpose(1, 2));
    const at::Tensor y = x + branch(mixed.transpose(1, 2));
    return y + branch(mlp_channels_->forward(norm2_->forward(y)));
  }

  void reset() {
    for (const auto& parameter : named_parameters()) {
      if (parameter.value().dim() == 2)
        torch::nn::init::xavier_uniform_(parameter.value());
      else if (parameter.key().starts_with("mlp_"))
        torch::nn::init::normal_(parameter.value(), 0, 1e-6);
    }
  }

 private:
  at::Tensor branch(const at::Tensor& y) { return nn::drop_path(y, drop_path_, is_training()); }

  double drop_path_;
  LayerNorm norm1_;
  std::shared_ptr<TokenMlp> mlp_tokens_;
  LayerNorm norm2_;
  std::shared_ptr<TokenMlp> mlp_channels_;
};

class Mixer : public Model {
 public:
  Mixer(const MixerOptions& options, const ModelContext& context) : dropout_(options.dropout) {
    stem_ = register_module(
        "stem", std::make_shared<PatchEmbed>(context.channels, options.width, options.patch));
    const int64_t tokens = context.height / options.patch * (context.width / options.patch);
    blocks_ = register_module("blocks", std::make_shared<Parts<MixerBlock>>());
    for (int64_t i = 0; i < options.depth; ++i)
      blocks_->add(std::make_shared<MixerBlock>(tokens, options));
    norm_ = register_module("norm", make_layer_norm(options.width, kMixerEps));
    head_ = register_module("head", make_token_linear(options.width, context.classes));
    reset();
  }

  at::Tensor forward(const at::Tensor& images) override { return run_segments(images); }

  std::vector<Segment> segments() override {
    std::vector<Segment> segments{
        {{"stem."}, [this](const at::Tensor& images) { return stem_->forward(images); }}};
    add_blocks(segments, "blocks.", blocks_->all());
    segments.push_back({{"norm.", "head."}, [this](const at::Tensor& tokens) {
                          at::Tensor x = norm_->forward(tokens).mean(1);
                          if (dropout_ > 0) x = at::dropout(x, dropout_, is_training());
                          return head_->forward(x);
                        }});
    return segments;
  }

  std::vector<Recompute> recompute_rungs() const override {
    return {Recompute::kNone, Recompute::kBlocks};
  }

  std::string head() const override { return "head."; }

  std::string stem() const override { return "stem.proj.weight"; }

  std::vector<std::vector<std::string>> layers() const override {
    std::vector<std::vector<std::string>> layers{{"stem."}};
    for (size_t i = 0; i < blocks_->all().size(); ++i)
      layers.push_back({"blocks." + std::to_string(i) + "."});
    layers.push_back({"norm."});
    layers.push_back({"head."});
    return layers;
  }

 private:
  // timm's: the patches' weights have a variance of 1 / fan_in, the classifier is zero.
  void reset() {
    const auto patches = stem_->named_parameters();
    const at::Tensor& weight = patches["proj.weight"];
    const auto fan_in = static_cast<double>(weight[0].numel());
    torch::nn::init::normal_(weight, 0, 1 / std::sqrt(fan_in));
    torch::nn::init::zeros_(patches["proj.bias"]);
    for (const auto& block : blocks_->all()) block->reset();
    torch::nn::init::zeros_(head_->weight);
  }

  double dropout_;
  std::shared_ptr<PatchEmbed> stem_;
  std::shared_ptr<Parts<MixerBlock>> blocks_;
  LayerNorm norm_;
  Linear head_;
};

}  // namespace

void describe(MixerOptions& options, config::Fields& fields) {
  fields("drop_path", options.drop_path,
         "probability with which a block's branches leave a sample out (stochastic depth)")
      .in(0, 0.99);
  fields("dropout", options.dropout, "share of features dropped before the classifier").in(0, 0.99);
}

std::shared_ptr<Model> build_mixer(const MixerOptions& options, const ModelContext& context) {
  check_context("mixer", context, {options.patch, options.patch});
  check_multiple("mixer", context, options.patch);
  return std::make_shared<Mixer>(options, context);
}

ModelTable::Rows mixer_rows() {
  const auto row = [](std::string_view name, const MixerOptions& options) {
    return ModelTable::row<MixerOptions>(name, "perceptrons that mix tokens and channels in turns",
                                         build_mixer, options);
  };
  return {
      row("mixer_s32_224", {.patch = 32}),
      row("mixer_s16_224", {}),
      row("mixer_b32_224", {.patch = 32, .width = 768, .depth = 12}),
      row("mixer_b16_224", {.width = 768, .depth = 12}),
      row("mixer_l32_224", {.patch = 32, .width = 1024, .depth = 24}),
      row("mixer_l16_224", {.width = 1024, .depth = 24}),
  };
}

}  // namespace stoker::models

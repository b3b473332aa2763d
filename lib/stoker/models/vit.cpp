#include "stoker/models/vit.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <array>
#include <string>
#include <vector>

#include "stoker/models/check.h"
#include "stoker/models/tokens.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

constexpr double kVitEps = 1e-6;

class Attention : public torch::nn::Module {
 public:
  Attention(int64_t width, int64_t heads, bool qkv_bias)
      : heads_(heads),
        qkv_(register_module("qkv", make_token_linear(width, 3 * width, qkv_bias))),
        proj_(register_module("proj", make_token_linear(width, width))) {}

  // x: [N, tokens, width]
  at::Tensor forward(const at::Tensor& x) {
    const int64_t n = x.size(0), tokens = x.size(1), width = x.size(2);
    const at::Tensor qkv = qkv_->forward(x)
                               .view({n, tokens, 3, heads_, width / heads_})
                               .permute({2, 0, 3, 1, 4});  // [3, N, heads, tokens, width / heads]
    const at::Tensor y = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);
    return proj_->forward(y.transpose(1, 2).reshape({n, tokens, width}));
  }

 private:
  int64_t heads_;
  Linear qkv_, proj_;
};

class EncoderBlock : public torch::nn::Module {
 public:
  EncoderBlock(const VitOptions& options, double drop_path)
      : drop_path_(drop_path),
        norm1_(register_module("norm1", make_layer_norm(options.width, kVitEps))),
        attn_(register_module(
            "attn", std::make_shared<Attention>(options.width, options.heads, options.qkv_bias))),
        ls1_(make_scale("ls1", options)),
        norm2_(register_module("norm2", make_layer_norm(options.width, kVitEps))),
        mlp_(register_module("mlp", std::make_shared<TokenMlp>(options.width, 4 * options.width))),
        ls2_(make_scale("ls2", options)) {}

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor y = x + branch(attn_->forward(norm1_->forward(x)), ls1_);
    return y + branch(mlp_->forward(norm2_->forward(y)), ls2_);
  }

 private:
  std::shared_ptr<LayerScale> make_scale(const char* name, const VitOptions& options) {
    if (options.layer_scale <= 0) return nullptr;
    return register_module(name, std::make_shared<LayerScale>(options.width, options.layer_scale));
  }

  at::Tensor branch(const at::Tensor& y, const std::shared_ptr<LayerScale>& scale) {
    return nn::drop_path(scale ? scale->forward(y) : y, drop_path_, is_training());
  }

  double drop_path_;
  LayerNorm norm1_;
  std::shared_ptr<Attention> attn_;
  std::shared_ptr<LayerScale> ls1_;
  LayerNorm norm2_;
  std::shared_ptr<TokenMlp> mlp_;
  std::shared_ptr<LayerScale> ls2_;
};

class Vit : public Model {
 public:
  Vit(const VitOptions& options, const ModelContext& context)
      : options_(options),
        rows_(context.height / options.patch),
        columns_(context.width / options.patch),
        prefix_(1 + options.registers) {
    cls_token_ = register_parameter("cls_token", at::randn({1, 1, options.width}) * 1e-6);
    if (options.registers > 0)
      reg_token_ =
          register_parameter("reg_token", at::randn({1, options.registers, options.width}) * 1e-6);
    pos_embed_ = register_parameter(
        "pos_embed", at::randn({1, rows_ * columns_ + embedded_prefix(), options.width}) * 0.02);
    patch_embed_ = register_module(
        "patch_embed",
        std::make_shared<PatchEmbed>(context.channels, options.width, options.patch));
    blocks_ = register_module("blocks", std::make_shared<Parts<EncoderBlock>>());
    for (int64_t i = 0; i < options.depth; ++i)
      blocks_->add(std::make_shared<EncoderBlock>(
          options, nn::drop_path_rate(options.drop_path, i, options.depth)));
    norm_ = register_module(options.pool == TokenPool::kToken ? "norm" : "fc_norm",
                            make_layer_norm(options.width, kVitEps));
    head_ = register_module("head", make_token_linear(options.width, context.classes));
  }

  at::Tensor forward(const at::Tensor& images) override { return run_segments(images); }

  std::vector<Segment> segments() override {
    std::vector<Segment> segments{
        {{"cls_token", "reg_token", "pos_embed", "patch_embed."}, [this](const at::Tensor& images) {
           return with_positions(patch_embed_->forward(images));
         }}};
    add_blocks(segments, "blocks.", blocks_->all());
    segments.push_back({{"norm.", "fc_norm.", "head."},
                        [this](const at::Tensor& tokens) { return classify(tokens); }});
    return segments;
  }

  std::vector<Recompute> recompute_rungs() const override {
    return {Recompute::kNone, Recompute::kBlocks};
  }

  std::string head() const override { return "head."; }

  std::string stem() const override { return "patch_embed.proj.weight"; }

  std::vector<PositionGrid> position_grids() const override {
    return {{"pos_embed", embedded_prefix(), rows_, columns_}};
  }

  // What comes before the blocks, each block, the norm, the classifier, as timm counts them.
  std::vector<std::vector<std::string>> layers() const override {
    std::vector<std::vector<std::string>> layers{
        {"cls_token", "reg_token", "pos_embed", "patch_embed."}};
    for (size_t i = 0; i < blocks_->all().size(); ++i)
      layers.push_back({"blocks." + std::to_string(i) + "."});
    layers.push_back({"norm.", "fc_norm."});
    layers.push_back({"head."});
    return layers;
  }

 private:
  // Of the class token alone, as the norm takes each token for itself.
  at::Tensor classify(const at::Tensor& tokens) {
    at::Tensor x =
        options_.pool == TokenPool::kToken
            ? norm_->forward(tokens.select(1, 0))
            : norm_->forward(tokens.narrow(1, prefix_, tokens.size(1) - prefix_).mean(1));
    if (options_.dropout > 0) x = at::dropout(x, options_.dropout, is_training());
    return head_->forward(x);
  }

  // Tokens that are no patches and have a row of the position embedding.
  int64_t embedded_prefix() const { return options_.embeds_prefix ? prefix_ : 0; }

  at::Tensor with_positions(const at::Tensor& patches) {
    const int64_t n = patches.size(0);
    std::vector<at::Tensor> tokens{cls_token_.expand({n, -1, -1})};
    if (reg_token_.defined()) tokens.push_back(reg_token_.expand({n, -1, -1}));
    tokens.push_back(options_.embeds_prefix ? patches : patches + pos_embed_);
    const at::Tensor x = at::cat(tokens, 1);
    return options_.embeds_prefix ? x + pos_embed_ : x;
  }

  VitOptions options_;
  int64_t rows_, columns_;  // of patches
  int64_t prefix_;          // tokens that are no patches
  at::Tensor cls_token_, reg_token_, pos_embed_;
  std::shared_ptr<PatchEmbed> patch_embed_;
  std::shared_ptr<Parts<EncoderBlock>> blocks_;
  LayerNorm norm_;
  Linear head_;
};

}  // namespace

std::span<const std::string_view> enum_names(TokenPool) {
  static constexpr std::array<std::string_view, 2> kNames{"token", "avg"};
  return kNames;
}

void describe(VitOptions& options, config::Fields& fields) {
  fields("pool", options.pool,
         "what the classifier sees: the class token, or the average of the patches");
  fields("registers", options.registers, "learned tokens beside the class token").in(0, 64);
  fields("qkv_bias", options.qkv_bias, "learn a bias of queries, keys and values");
  fields("layer_scale", options.layer_scale,
         "initial value of a learned factor a channel on each branch; 0: there is none")
      .in(0, 10);
  fields("drop_path", options.drop_path,
         "probability with which the last block's branches leave a sample out; it rises linearly "
         "from 0 in the first (stochastic depth)")
      .in(0, 0.99);
  fields("dropout", options.dropout, "share of features dropped before the classifier").in(0, 0.99);
}

std::shared_ptr<Model> build_vit(const VitOptions& options, const ModelContext& context) {
  check_context("vit", context, {options.patch, options.patch});
  check_multiple("vit", context, options.patch);
  return std::make_shared<Vit>(options, context);
}

ModelTable::Rows vit_rows() {
  struct Row {
    std::string_view name, help;
    VitOptions options;
  };
  constexpr VitOptions tiny{.width = 192, .heads = 3}, small{.width = 384, .heads = 6},
      medium{.width = 512, .heads = 8}, base{.width = 768, .heads = 12},
      large{.width = 1024, .depth = 24, .heads = 16};
  const auto patches_of = [](int64_t patch, VitOptions options) {
    options.patch = patch;
    return options;
  };
  const auto deit3 = [](VitOptions options) {
    options.embeds_prefix = false;
    options.layer_scale = 1e-6;
    return options;
  };
  const auto dinov2 = [](VitOptions options, int64_t registers) {
    options.patch = 14;
    options.layer_scale = 1e-5;
    options.registers = registers;
    options.embeds_prefix = registers == 0;
    return options;
  };
  constexpr std::string_view vit = "vision transformer", deit = "vision transformer as DeiT has it",
                             third = "vision transformer with layer scale, as DeiT III has it",
                             dino = "vision transformer as DINOv2 has it",
                             registers = "vision transformer with registers, as DINOv2 has it",
                             torchvision = "vision transformer, by torchvision's name";
  const std::vector<Row> list{
      {"vit_tiny_patch16_224", vit, tiny},
      {"vit_small_patch8_224", vit, patches_of(8, small)},
      {"vit_small_patch16_224", vit, small},
      {"vit_small_patch32_224", vit, patches_of(32, small)},
      {"vit_base_patch8_224", vit, patches_of(8, base)},
      {"vit_base_patch16_224", vit, base},
      {"vit_base_patch32_224", vit, patches_of(32, base)},
      {"vit_large_patch16_224", vit, large},
      {"vit_large_patch32_224", vit, patches_of(32, large)},
      {"vit_b_16", torchvision, base},
      {"vit_b_32", torchvision, patches_of(32, base)},
      {"vit_l_16", torchvision, large},
      {"vit_l_32", torchvision, patches_of(32, large)},
      {"deit_tiny_patch16_224", deit, tiny},
      {"deit_small_patch16_224", deit, small},
      {"deit_base_patch16_224", deit, base},
      {"deit3_small_patch16_224", third, deit3(small)},
      {"deit3_medium_patch16_224", third, deit3(medium)},
      {"deit3_base_patch16_224", third, deit3(base)},
      {"deit3_large_patch16_224", third, deit3(large)},
      {"vit_small_patch14_dinov2", dino, dinov2(small, 0)},
      {"vit_base_patch14_dinov2", dino, dinov2(base, 0)},
      {"vit_large_patch14_dinov2", dino, dinov2(large, 0)},
      {"vit_small_patch14_reg4_dinov2", registers, dinov2(small, 4)},
      {"vit_base_patch14_reg4_dinov2", registers, dinov2(base, 4)},
      {"vit_large_patch14_reg4_dinov2", registers, dinov2(large, 4)},
  };
  ModelTable::Rows rows;
  for (const Row& row : list)
    rows.push_back(ModelTable::row<VitOptions>(row.name, row.help, build_vit, row.options));
  return rows;
}

}  // namespace stoker::models

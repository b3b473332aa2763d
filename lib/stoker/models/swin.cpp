#include "stoker/models/swin.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/dropout.h>

#include <numeric>
#include <string>
#include <vector>

#include "stoker/models/check.h"
#include "stoker/models/tokens.h"
#include "stoker/models/windows.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

constexpr double kSwinEps = 1e-5;
constexpr int64_t kSwinPatch = 4;
constexpr int64_t kWindow = 7;

class SwinBlock : public torch::nn::Module {
 public:
  SwinBlock(int64_t width, int64_t heads, const WindowShape& shape, double drop_path)
      : window_(shape.window),
        drop_path_(drop_path),
        norm1_(register_module("norm1", make_layer_norm(width, kSwinEps))),
        attn_(register_module("attn", std::make_shared<WindowAttention>(width, heads, shape))),
        norm2_(register_module("norm2", make_layer_norm(width, kSwinEps))),
        mlp_(register_module("mlp", std::make_shared<TokenMlp>(width, 4 * width))) {}

  const MapSize& window() const { return window_; }

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor y = x + branch(attn_->forward(norm1_->forward(x)));
    return y + branch(mlp_->forward(norm2_->forward(y)));
  }

 private:
  at::Tensor branch(const at::Tensor& y) { return nn::drop_path(y, drop_path_, is_training()); }

  MapSize window_;
  double drop_path_;
  LayerNorm norm1_;
  std::shared_ptr<WindowAttention> attn_;
  LayerNorm norm2_;
  std::shared_ptr<TokenMlp> mlp_;
};

// Each four neighbours to one of twice the width.
class PatchMerging : public torch::nn::Module {
 public:
  explicit PatchMerging(int64_t width)
      : norm_(register_module("norm", make_layer_norm(4 * width, kSwinEps))),
        reduction_(register_module("reduction", make_token_linear(4 * width, 2 * width, false))) {}

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor even = at::constant_pad_nd(x, {0, 0, 0, x.size(2) % 2, 0, x.size(1) % 2});
    const int64_t rows = even.size(1) / 2, columns = even.size(2) / 2;
    const at::Tensor four = even.reshape({x.size(0), rows, 2, columns, 2, x.size(3)})
                                .permute({0, 1, 3, 4, 2, 5})
                                .flatten(3);
    return reduction_->forward(norm_->forward(four));
  }

 private:
  LayerNorm norm_;
  Linear reduction_;
};

class SwinStage : public torch::nn::Module {
 public:
  explicit SwinStage(int64_t merged_width) {
    if (merged_width > 0)
      downsample_ = register_module("downsample", std::make_shared<PatchMerging>(merged_width));
    blocks_ = register_module("blocks", std::make_shared<Parts<SwinBlock>>());
  }
  void add(std::shared_ptr<SwinBlock> block) { blocks_->add(std::move(block)); }
  at::Tensor enter(const at::Tensor& x) { return downsample_ ? downsample_->forward(x) : x; }
  const std::vector<std::shared_ptr<SwinBlock>>& blocks() const { return blocks_->all(); }

 private:
  std::shared_ptr<PatchMerging> downsample_;
  std::shared_ptr<Parts<SwinBlock>> blocks_;
};

// "proj" and "norm": [N, channels, H, W] to [N, H / 4, W / 4, width].
class Entry : public torch::nn::Module {
 public:
  Entry(int64_t channels, int64_t width)
      : proj_(register_module("proj", make_patch_conv(channels, width, kSwinPatch))),
        norm_(register_module("norm", make_layer_norm(width, kSwinEps))) {}
  at::Tensor forward(const at::Tensor& images) {
    return norm_->forward(proj_->forward(images).permute({0, 2, 3, 1}));
  }

 private:
  PatchConv proj_;
  LayerNorm norm_;
};

class SwinClassifier : public torch::nn::Module {
 public:
  SwinClassifier(int64_t width, int64_t classes)
      : fc_(register_module("fc", make_token_linear(width, classes))) {}
  at::Tensor forward(const at::Tensor& x) { return fc_->forward(x); }

 private:
  Linear fc_;
};

class Swin : public Model {
 public:
  Swin(const SwinOptions& options, const ModelContext& context)
      : dropout_(options.dropout), pool_(options.pool) {
    patch_embed_ =
        register_module("patch_embed", std::make_shared<Entry>(context.channels, options.width));
    layers_ = register_module("layers", std::make_shared<Parts<SwinStage>>());
    const int64_t blocks =
        std::accumulate(options.depths.begin(), options.depths.end(), int64_t{0});
    MapSize map{context.height / kSwinPatch, context.width / kSwinPatch};
    int64_t index = 0, width = options.width, heads = options.heads;
    for (size_t s = 0; s < options.depths.size(); ++s) {
      auto stage = std::make_shared<SwinStage>(s == 0 ? 0 : width / 2);
      for (int64_t b = 0; b < options.depths[s]; ++b, ++index)
        stage->add(std::make_shared<SwinBlock>(
            width, heads, WindowShape::of(map, kWindow, /*shifted=*/b % 2 == 1),
            nn::drop_path_rate(options.drop_path, index, blocks)));
      layers_->add(std::move(stage));
      map = {(map.height + 1) / 2, (map.width + 1) / 2};
      width *= 2;
      heads *= 2;
    }
    norm_ = register_module("norm", make_layer_norm(width / 2, kSwinEps));
    head_ = register_module("head", std::make_shared<SwinClassifier>(width / 2, context.classes));
  }

  at::Tensor forward(const at::Tensor& images) override { return run_segments(images); }

  std::vector<Segment> segments() override {
    std::vector<Segment> segments{{{"patch_embed."}, [this](const at::Tensor& images) {
                                     return patch_embed_->forward(images);
                                   }}};
    add_stages(segments, "layers.", layers_->all());
    segments.push_back({{"norm.", "head."}, [this](const at::Tensor& map) {
                          at::Tensor x = global_pool_of_tokens(pool_, norm_->forward(map));
                          if (dropout_ > 0) x = at::dropout(x, dropout_, is_training());
                          return head_->forward(x);
                        }});
    return segments;
  }

  std::vector<Recompute> recompute_rungs() const override {
    return {Recompute::kNone, Recompute::kBlocks};
  }

  std::string head() const override { return "head.fc."; }

  std::string stem() const override { return "patch_embed.proj.weight"; }

  std::vector<PositionGrid> position_grids() const override {
    std::vector<PositionGrid> grids;
    for (size_t s = 0; s < layers_->all().size(); ++s) {
      const auto& blocks = layers_->all()[s]->blocks();
      for (size_t b = 0; b < blocks.size(); ++b) {
        const MapSize window = blocks[b]->window();
        grids.push_back({fmt::format("layers.{}.blocks.{}.attn.relative_position_bias_table", s, b),
                         0, 2 * window.height - 1, 2 * window.width - 1});
      }
    }
    return grids;
  }

  // The patches, each block, the first of a stage with what leads to it, the norm, the head.
  std::vector<std::vector<std::string>> layers() const override {
    std::vector<std::vector<std::string>> layers{{"patch_embed."}};
    for (size_t s = 0; s < layers_->all().size(); ++s) {
      for (size_t b = 0; b < layers_->all()[s]->blocks().size(); ++b) {
        layers.push_back({fmt::format("layers.{}.blocks.{}.", s, b)});
        if (b == 0) layers.back().push_back(fmt::format("layers.{}.downsample.", s));
      }
    }
    layers.push_back({"norm."});
    layers.push_back({"head.fc."});
    return layers;
  }

 private:
  double dropout_;
  Pool pool_;
  std::shared_ptr<Entry> patch_embed_;
  std::shared_ptr<Parts<SwinStage>> layers_;
  LayerNorm norm_;
  std::shared_ptr<SwinClassifier> head_;
};

}  // namespace

void describe(SwinOptions& options, config::Fields& fields) {
  fields("drop_path", options.drop_path,
         "probability with which the last block's branches leave a sample out; it rises linearly "
         "from 0 in the first (stochastic depth)")
      .in(0, 0.99);
  fields("dropout", options.dropout, "share of features dropped before the classifier").in(0, 0.99);
  describe_pool(options.pool, fields);
}

std::shared_ptr<Model> build_swin(const SwinOptions& options, const ModelContext& context) {
  check_context("swin", context, {kSwinPatch, kSwinPatch});
  return std::make_shared<Swin>(options, context);
}

ModelTable::Rows swin_rows() {
  struct Size {
    std::string_view timm, torchvision;
    SwinOptions options;
  };
  const std::vector<Size> sizes{
      {"swin_tiny_patch4_window7_224", "swin_t", {}},
      {"swin_small_patch4_window7_224", "swin_s", {.depths = {2, 2, 18, 2}}},
      {"swin_base_patch4_window7_224",
       "swin_b",
       {.width = 128, .heads = 4, .depths = {2, 2, 18, 2}}},
  };
  ModelTable::Rows rows;
  for (const Size& size : sizes) {
    rows.push_back(ModelTable::row<SwinOptions>(size.timm, "transformer within shifted windows",
                                                build_swin, size.options));
    rows.push_back(ModelTable::row<SwinOptions>(
        size.torchvision, "transformer within shifted windows, by torchvision's name", build_swin,
        size.options));
  }
  return rows;
}

}  // namespace stoker::models

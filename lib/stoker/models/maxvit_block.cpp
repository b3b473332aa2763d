#include "stoker/models/maxvit_block.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <torch/nn/init.h>

#include <string>
#include <vector>

#include "stoker/models/chain.h"
#include "stoker/models/squeeze_excite.h"
#include "stoker/models/tokens.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

// An inverted residual whose first norm comes before its first convolution.
class MaxVitConv : public Layer {
 public:
  MaxVitConv(const MaxVitBlockShape& shape, const MaxVitDesign& design)
      : shape_(shape), activation_(design.conv_activation()) {
    constexpr int64_t kExpansion = 4;
    const bool paper = design.as_paper;
    const int64_t mid = kExpansion * (paper ? shape.out : shape.in);
    const int64_t reduced = paper ? shape.out / 4 : mid / 16;
    if (shape.stride > 1 && shape.in != shape.out) {
      const auto shortcut = register_module("shortcut", std::make_shared<torch::nn::Module>());
      expand_ = shortcut->register_module(
          "expand", make_conv({.in = shape.in, .out = shape.out, .bias = paper}));
    }
    pre_norm_ = register_module("pre_norm", make_norm(shape.in, design.norm()));
    conv1_ = register_module("conv1_1x1", make_conv({.in = shape.in, .out = mid}));
    norm1_ = register_module("norm1", make_norm(mid, design.norm()));
    conv2_ = register_module("conv2_kxk", make_conv({.in = mid,
                                                     .out = mid,
                                                     .kernel = 3,
                                                     .stride = shape.stride,
                                                     .groups = mid,
                                                     .same = paper}));
    norm2_ = register_module("norm2", make_norm(mid, design.norm()));
    se_ = register_module(
        "se", std::make_shared<SqueezeExcite>(SqueezeExciteShape{
                  .channels = mid, .reduced = reduced, .activation = nn::Activation::kSilu}));
    conv3_ = register_module("conv3_1x1", make_conv({.in = mid, .out = shape.out, .bias = paper}));
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    const at::Tensor branch = Chain(x, keep)
                                  .norm(pre_norm_, nn::Activation::kIdentity)
                                  .conv(conv1_)
                                  .norm(norm1_, activation_)
                                  .conv(conv2_)
                                  .norm(norm2_, activation_)
                                  .then(se_.get())
                                  .conv(conv3_)
                                  .now();
    return nn::drop_path(branch, shape_.drop_path, is_training()) + shortcut(x);
  }

 private:
  at::Tensor shortcut(const at::Tensor& x) {
    if (shape_.stride == 1) return x;
    const at::Tensor pooled = at::avg_pool2d(x, {2, 2}, {2, 2});
    return expand_ ? convolve(*expand_, pooled) : pooled;
  }

  MaxVitBlockShape shape_;
  nn::Activation activation_;
  Conv expand_, conv1_, conv2_, conv3_;
  Norm pre_norm_, norm1_, norm2_;
  std::shared_ptr<SqueezeExcite> se_;
};

// For each two tokens of a window the cell of the table of biases that their distance has: the
// paper counts from the query, timm's author to it.
at::Tensor bias_cells(const MapSize& window, bool from_query) {
  const at::Tensor at = at::arange(window.height * window.width, at::kLong);
  const auto apart = [from_query](const at::Tensor& x, int64_t size) {
    const at::Tensor distance = x.unsqueeze(1) - x.unsqueeze(0);
    return (from_query ? -distance : distance) + (size - 1);
  };
  return (apart(at.div(window.width, "floor"), window.height) * (2 * window.width - 1) +
          apart(at.remainder(window.width), window.width))
      .flatten();
}

constexpr int64_t kHeadWidth = 32;

// "qkv", "proj" and "rel_pos.relative_position_bias_table": [heads, 2h - 1, 2w - 1] in the paper's
// networks, [(2h - 1) * (2w - 1), heads] in the others.
class PartAttention : public torch::nn::Module {
 public:
  PartAttention(int64_t width, const MapSize& window, bool as_paper)
      : as_paper_(as_paper), heads_(width / kHeadWidth), index_(bias_cells(window, as_paper)) {
    qkv_ = register_module("qkv", make_linear(width, 3 * width));
    const int64_t rows = 2 * window.height - 1, columns = 2 * window.width - 1;
    const auto rel_pos = register_module("rel_pos", std::make_shared<torch::nn::Module>());
    const std::vector<int64_t> sizes = as_paper ? std::vector<int64_t>{heads_, rows, columns}
                                                : std::vector<int64_t>{rows * columns, heads_};
    table_ = rel_pos->register_parameter("relative_position_bias_table", at::randn(sizes) * 0.02);
    proj_ = register_module("proj", make_linear(width, width));
  }

  // x: [windows, tokens, C]
  at::Tensor forward(const at::Tensor& x) {
    const int64_t n = x.size(0), tokens = x.size(1), width = x.size(2);
    const at::Tensor all = qkv_->forward(x);
    const at::Tensor qkv =  // [3, windows, heads, tokens, width of a head]
        as_paper_ ? all.view({n, tokens, 3, heads_, kHeadWidth}).permute({2, 0, 3, 1, 4})
                  : all.view({n, tokens, heads_, 3, kHeadWidth}).permute({3, 0, 2, 1, 4});
    const at::Tensor y =
        at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], bias(x).to(qkv.scalar_type()));
    return proj_->forward(y.transpose(1, 2).reshape({n, tokens, width}));
  }

 private:
  at::Tensor bias(const at::Tensor& x) {
    if (index_.device() != x.device()) index_ = index_.to(x.device());
    const at::Tensor cells = as_paper_ ? table_.flatten(1).t() : table_;
    return at::embedding(cells, index_)  // whose backward pass adds in one order
        .view({x.size(1), x.size(1), heads_})
        .permute({2, 0, 1})
        .unsqueeze(0);
  }

  bool as_paper_;
  int64_t heads_;
  at::Tensor index_, table_;
  Linear qkv_, proj_;
};

class MaxVitMlp : public torch::nn::Module {
 public:
  MaxVitMlp(int64_t width, nn::Activation activation)
      : activation_(activation),
        fc1_(register_module("fc1", make_linear(width, 4 * width))),
        fc2_(register_module("fc2", make_linear(4 * width, width))) {}
  at::Tensor forward(const at::Tensor& x) {
    return fc2_->forward(nn::activate(activation_, fc1_->forward(x)));
  }

 private:
  nn::Activation activation_;
  Linear fc1_, fc2_;
};

enum class Axis { kWindows, kGrid };

// Attention among the tokens of each part of the map, then a perceptron for each token.
class PartBlock : public torch::nn::Module {
 public:
  PartBlock(Axis axis, const MaxVitBlockShape& shape, const MaxVitDesign& design)
      : axis_(axis), window_(shape.window), drop_path_(shape.drop_path) {
    const double eps = design.layer_norm_eps();
    norm1_ = register_module("norm1", make_layer_norm(shape.out, eps));
    attn_ = register_module(
        "attn", std::make_shared<PartAttention>(shape.out, shape.window, design.as_paper));
    norm2_ = register_module("norm2", make_layer_norm(shape.out, eps));
    mlp_ = register_module("mlp", std::make_shared<MaxVitMlp>(shape.out, design.mlp_activation()));
  }

  // x: [N, H, W, C]
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor y = x + branch(attend(norm1_->forward(x)));
    return y + branch(mlp_->forward(norm2_->forward(y)));
  }

  // As timm: Xavier's uniform distribution.
  void draw() {
    for (const auto& parameter : named_parameters()) {
      const bool is_table = parameter.key().ends_with("table");
      if (parameter.value().dim() == 2 && !is_table)
        torch::nn::init::xavier_uniform_(parameter.value());
      else if (parameter.key().ends_with("bias"))
        torch::nn::init::zeros_(parameter.value());
    }
  }

 private:
  at::Tensor branch(const at::Tensor& y) { return nn::drop_path(y, drop_path_, is_training()); }

  // Of a map cut into rows x columns cells of h x w tokens, windows are the cells, and a part of
  // the grid is what stands at one place of each cell: [N, rows, h, columns, w, C].
  at::Tensor attend(const at::Tensor& x) {
    const int64_t n = x.size(0), channels = x.size(3);
    const auto [height, width] = window_;
    const bool windows = axis_ == Axis::kWindows;
    const int64_t rows = windows ? x.size(1) / height : height;
    const int64_t columns = windows ? x.size(2) / width : width;
    const std::vector<int64_t> order =
        windows ? std::vector<int64_t>{0, 1, 3, 2, 4, 5} : std::vector<int64_t>{0, 2, 4, 1, 3, 5};
    const std::vector<int64_t> back =
        windows ? std::vector<int64_t>{0, 1, 3, 2, 4, 5} : std::vector<int64_t>{0, 3, 1, 4, 2, 5};
    const at::Tensor parts =
        x.reshape({n, rows, x.size(1) / rows, columns, x.size(2) / columns, channels})
            .permute(order);
    const std::vector<int64_t> sizes = parts.sizes().vec();
    return attn_->forward(parts.reshape({-1, height * width, channels}))
        .view(sizes)
        .permute(back)
        .reshape(x.sizes());
  }

  Axis axis_;
  MapSize window_;
  double drop_path_;
  LayerNorm norm1_, norm2_;
  std::shared_ptr<PartAttention> attn_;
  std::shared_ptr<MaxVitMlp> mlp_;
};

class MaxVitBlock : public Layer {
 public:
  MaxVitBlock(const MaxVitBlockShape& shape, const MaxVitDesign& design)
      : conv_(register_module("conv", std::make_shared<MaxVitConv>(shape, design))),
        windows_(register_module("attn_block",
                                 std::make_shared<PartBlock>(Axis::kWindows, shape, design))),
        grid_(register_module("attn_grid",
                              std::make_shared<PartBlock>(Axis::kGrid, shape, design))) {}

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    const at::Tensor tokens = conv_->forward(x, keep).permute({0, 2, 3, 1});
    return grid_->forward(windows_->forward(tokens)).permute({0, 3, 1, 2});
  }

 private:
  std::shared_ptr<MaxVitConv> conv_;
  std::shared_ptr<PartBlock> windows_, grid_;
};

}  // namespace

std::shared_ptr<Layer> make_maxvit_block(const MaxVitBlockShape& shape,
                                         const MaxVitDesign& design) {
  return std::make_shared<MaxVitBlock>(shape, design);
}

void draw_maxvit_blocks(torch::nn::Module& network) {
  if (BlankWeights::active()) return;
  for (const auto& module : network.modules())
    if (auto* part = dynamic_cast<PartBlock*>(module.get())) part->draw();
}

}  // namespace stoker::models

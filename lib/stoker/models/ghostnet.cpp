// GhostNet (Han et al., "GhostNet: More Features from Cheap Operations", 2020) with timm's
// parameter names.
#include <ATen/ops/cat.h>

#include <array>
#include <string>
#include <vector>

#include "stoker/models/chain.h"
#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/mobile_blocks.h"
#include "stoker/models/network.h"
#include "stoker/models/squeeze_excite.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

using nn::Activation::kRelu, nn::Activation::kIdentity;
constexpr int64_t kStep = 4;  // channels are multiples of it

// Convolution and norm as "0" and "1".
class Pair : public torch::nn::Module {
 public:
  explicit Pair(const ConvShape& shape)
      : conv(register_module("0", make_conv(shape))),
        norm(register_module("1", make_norm(shape.out))) {}
  Conv conv;
  Norm norm;
};

// Half of the features by a convolution, the other half from those by a depthwise one.
class Ghost : public Layer {
 public:
  Ghost(int64_t in, int64_t out, nn::Activation activation) : out_(out), activation_(activation) {
    const int64_t half = (out + 1) / 2;
    primary_ =
        register_module("primary_conv", std::make_shared<Pair>(ConvShape{.in = in, .out = half}));
    cheap_ = register_module(
        "cheap_operation",
        std::make_shared<Pair>(ConvShape{.in = half, .out = half, .kernel = 3, .groups = half}));
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    const at::Tensor first =
        Chain(x, keep).conv(primary_->conv).norm(primary_->norm, activation_).now();
    const at::Tensor second =
        Chain(first, keep).conv(cheap_->conv).norm(cheap_->norm, activation_).now();
    return at::cat({first, second}, 1).narrow(1, 0, out_);
  }

 private:
  int64_t out_;
  nn::Activation activation_;
  std::shared_ptr<Pair> primary_, cheap_;
};

struct GhostBlockShape {
  int64_t in, mid, out, kernel, stride;
  bool squeezes;
  double drop_path;
};

// What a block that changes size or channels adds: "0" to "3".
class Shortcut : public torch::nn::Module {
 public:
  explicit Shortcut(const GhostBlockShape& shape) {
    depthwise_ = register_module("0", make_conv({.in = shape.in,
                                                 .out = shape.in,
                                                 .kernel = shape.kernel,
                                                 .stride = shape.stride,
                                                 .groups = shape.in}));
    norm1_ = register_module("1", make_norm(shape.in));
    pointwise_ = register_module("2", make_conv({.in = shape.in, .out = shape.out}));
    norm2_ = register_module("3", make_norm(shape.out));
  }
  at::Tensor forward(const at::Tensor& x, bool keep) {
    return Chain(x, keep)
        .conv(depthwise_)
        .norm(norm1_, kIdentity)
        .conv(pointwise_)
        .norm(norm2_, kIdentity)
        .now();
  }

 private:
  Conv depthwise_, pointwise_;
  Norm norm1_, norm2_;
};

class GhostBlock : public Layer {
 public:
  explicit GhostBlock(const GhostBlockShape& shape) : drop_path_(shape.drop_path) {
    const int64_t mid = shape.mid;
    ghost1_ = register_module("ghost1", std::make_shared<Ghost>(shape.in, mid, kRelu));
    if (shape.stride > 1) {
      depthwise_ = register_module("conv_dw", make_conv({.in = mid,
                                                         .out = mid,
                                                         .kernel = shape.kernel,
                                                         .stride = shape.stride,
                                                         .groups = mid}));
      norm_ = register_module("bn_dw", make_norm(mid));
    }
    if (shape.squeezes) {
      const int64_t reduced = round_channels(static_cast<double>(mid) / 4, kStep);
      squeeze_ = register_module("se", std::make_shared<SqueezeExcite>(SqueezeExciteShape{
                                           .channels = mid,
                                           .reduced = reduced,
                                           .reduce_name = "conv_reduce",
                                           .expand_name = "conv_expand",
                                           .gate = nn::Activation::kHardSigmoid}));
    }
    ghost2_ = register_module("ghost2", std::make_shared<Ghost>(mid, shape.out, kIdentity));
    if (shape.in != shape.out || shape.stride > 1)
      shortcut_ = register_module("shortcut", std::make_shared<Shortcut>(shape));
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    Chain chain(x, keep);
    chain.then(ghost1_.get());
    if (depthwise_) chain.conv(depthwise_).norm(norm_, kIdentity);
    const at::Tensor branch = chain.then(squeeze_.get()).then(ghost2_.get()).now();
    return nn::drop_path(branch, drop_path_, is_training()) +
           (shortcut_ ? shortcut_->forward(x, keep) : x);
  }

 private:
  double drop_path_;
  std::shared_ptr<Ghost> ghost1_, ghost2_;
  Conv depthwise_;
  Norm norm_;
  std::shared_ptr<SqueezeExcite> squeeze_;
  std::shared_ptr<Shortcut> shortcut_;
};

struct Row {
  int64_t kernel, mid, out;
  bool squeezes;
  int64_t stride;
};

// Table 1 of the paper, by timm's stages.
const std::vector<std::vector<Row>>& stages() {
  static const std::vector<std::vector<Row>> table{
      {{3, 16, 16, false, 1}},
      {{3, 48, 24, false, 2}},
      {{3, 72, 24, false, 1}},
      {{5, 72, 40, true, 2}},
      {{5, 120, 40, true, 1}},
      {{3, 240, 80, false, 2}},
      {{3, 200, 80, false, 1},
       {3, 184, 80, false, 1},
       {3, 184, 80, false, 1},
       {3, 480, 112, true, 1},
       {3, 672, 112, true, 1}},
      {{5, 672, 160, true, 2}},
      {{5, 960, 160, false, 1},
       {5, 960, 160, true, 1},
       {5, 960, 160, false, 1},
       {5, 960, 160, true, 1}},
  };
  return table;
}

// Returns the channels that come out.
int64_t add_stages(Network& network, int64_t channels, double width, double drop_path) {
  const auto scaled = [width](int64_t of_table) {
    return round_channels(static_cast<double>(of_table) * width, kStep);
  };
  constexpr int64_t kBlocks = 16;
  int64_t index = 0, last_mid = 0;
  const size_t count = stages().size();
  for (size_t stage = 0; stage < count; ++stage) {
    for (size_t block = 0; block < stages()[stage].size(); ++block) {
      const Row& row = stages()[stage][block];
      const GhostBlockShape shape{channels,
                                  scaled(row.mid),
                                  scaled(row.out),
                                  row.kernel,
                                  row.stride,
                                  row.squeezes,
                                  nn::drop_path_rate(drop_path, index++, kBlocks)};
      network.add(fmt::format("blocks.{}.{}", stage, block), std::make_shared<GhostBlock>(shape));
      channels = shape.out;
      last_mid = shape.mid;
    }
  }
  const std::string last = fmt::format("blocks.{}.0", count);
  network.add_conv(last + ".conv", {.in = channels, .out = last_mid}, last + ".bn1", kRelu);
  return last_mid;
}

std::shared_ptr<Model> build_ghostnet(double width, const NetworkOptions& options,
                                      const ModelContext& context) {
  constexpr int64_t kFeatures = 1280;
  auto network = std::make_shared<Network>(options);
  const int64_t stem = round_channels(16 * width, kStep);
  network->add_conv("conv_stem", {.in = context.channels, .out = stem, .kernel = 3, .stride = 2},
                    "bn1", kRelu);
  const int64_t channels = add_stages(*network, stem, width, options.drop_path);
  network->pool();
  network->add_conv("conv_head", {.in = channels, .out = kFeatures}, kRelu);
  network->classify("classifier", kFeatures, context.classes);
  initialize(*network, {.filters = Filters::kTorch});
  return network;
}

}  // namespace

ModelTable::Rows ghostnet_rows() {
  const auto row = [](std::string_view name, std::string_view help, double width) {
    return ModelTable::row<NetworkOptions>(
        name, help,
        [=](const NetworkOptions& options, const ModelContext& context) {
          check_context(name, context, {});
          return build_ghostnet(width, options, context);
        },
        {.dropout = 0.2});
  };
  return {
      row("ghostnet_050", "GhostNet, half as wide", 0.5),
      row("ghostnet_100", "GhostNet", 1.0),
      row("ghostnet_130", "GhostNet, 1.3 times as wide", 1.3),
  };
}

}  // namespace stoker::models

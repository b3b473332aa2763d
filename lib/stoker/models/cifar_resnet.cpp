// Residual networks for images of 32x32: those of He et al. (2015, section 4.2), Wide ResNets
// (Zagoruyko and Komodakis, 2016), PyramidNets (Han et al., 2017), and the network of nine layers
// that Page trained in seconds (2018). Names are torchvision's where it has the like.
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/dropout.h>

#include <cmath>
#include <string>

#include "stoker/models/chain.h"
#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/network.h"
#include "stoker/nn/drop_path.h"
#include "stoker/nn/max_pool.h"

namespace stoker::models {
namespace {

using nn::Activation::kRelu, nn::Activation::kIdentity;
constexpr int64_t kStages = 3, kCifarStem = 16;

struct CifarBlockShape {
  int64_t in, out, stride;
  double drop_path, dropout;
};

// x with channels of zeros around (option A of He et al.), or behind.
at::Tensor with_channels(const at::Tensor& x, int64_t channels, bool around) {
  const int64_t more = channels - x.size(1), before = around ? more / 2 : 0;
  return more == 0 ? x : at::constant_pad_nd(x, {0, 0, 0, 0, before, more - before});
}

class BasicBlock : public Layer {
 public:
  explicit BasicBlock(const CifarBlockShape& shape) : shape_(shape) {
    conv1_ = register_module(
        "conv1",
        make_conv({.in = shape.in, .out = shape.out, .kernel = 3, .stride = shape.stride}));
    bn1_ = register_module("bn1", make_norm(shape.out));
    conv2_ = register_module("conv2", make_conv({.in = shape.out, .out = shape.out, .kernel = 3}));
    bn2_ = register_module("bn2", make_norm(shape.out));
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    at::Tensor shortcut = x;
    if (shape_.stride > 1)
      shortcut = x.slice(2, 0, {}, shape_.stride).slice(3, 0, {}, shape_.stride);
    shortcut = with_channels(shortcut, shape_.out, true);
    return Chain(x, keep)
        .conv(conv1_)
        .norm(bn1_, kRelu)
        .conv(conv2_)
        .join(bn2_, kRelu, shortcut, shape_.drop_path, is_training());
  }

 private:
  CifarBlockShape shape_;
  Conv conv1_, conv2_;
  Norm bn1_, bn2_;
};

// Norm and ReLU before each convolution; a block that widens convolves what they give for its
// shortcut too.
class WideBlock : public Layer {
 public:
  explicit WideBlock(const CifarBlockShape& shape) : shape_(shape) {
    bn1_ = register_module("bn1", make_norm(shape.in));
    conv1_ = register_module(
        "conv1",
        make_conv({.in = shape.in, .out = shape.out, .kernel = 3, .stride = shape.stride}));
    bn2_ = register_module("bn2", make_norm(shape.out));
    conv2_ = register_module("conv2", make_conv({.in = shape.out, .out = shape.out, .kernel = 3}));
    if (shape.in != shape.out)
      shortcut_ = register_module(
          "shortcut", make_conv({.in = shape.in, .out = shape.out, .stride = shape.stride}));
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    Chain chain(x, keep);
    chain.norm(bn1_, kRelu);
    const at::Tensor shortcut = shortcut_ ? convolve(*shortcut_, chain.now()) : x;
    chain.conv(conv1_).norm(bn2_, kRelu);
    if (shape_.dropout > 0 && is_training())
      chain = Chain(at::dropout(chain.now(), shape_.dropout, true), keep);
    return nn::drop_path(chain.conv(conv2_).now(), shape_.drop_path, is_training()) + shortcut;
  }

 private:
  CifarBlockShape shape_;
  Norm bn1_, bn2_;
  Conv conv1_, conv2_, shortcut_;
};

// Norms around both convolutions, one ReLU (figure 6 (d) of Han et al.).
class PyramidBlock : public Layer {
 public:
  explicit PyramidBlock(const CifarBlockShape& shape) : shape_(shape) {
    bn1_ = register_module("bn1", make_norm(shape.in));
    conv1_ = register_module(
        "conv1",
        make_conv({.in = shape.in, .out = shape.out, .kernel = 3, .stride = shape.stride}));
    bn2_ = register_module("bn2", make_norm(shape.out));
    conv2_ = register_module("conv2", make_conv({.in = shape.out, .out = shape.out, .kernel = 3}));
    bn3_ = register_module("bn3", make_norm(shape.out));
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    at::Tensor shortcut = x;
    if (shape_.stride > 1) shortcut = at::avg_pool2d(x, {2, 2}, {2, 2}, {0, 0}, /*ceil_mode=*/true);
    shortcut = with_channels(shortcut, shape_.out, false);
    return Chain(x, keep)
        .norm(bn1_, kIdentity)
        .conv(conv1_)
        .norm(bn2_, kRelu)
        .conv(conv2_)
        .join(bn3_, kIdentity, shortcut, shape_.drop_path, is_training());
  }

 private:
  CifarBlockShape shape_;
  Norm bn1_, bn2_, bn3_;
  Conv conv1_, conv2_;
};

void add_norm(Network& network, const std::string& path, int64_t channels,
              nn::Activation activation) {
  const Norm norm = make_norm(channels);
  network.add({{path, norm}}, [norm, activation](const at::Tensor& x, bool) {
    return nn::norm_activate(*norm, activation, x);
  });
}

// Three stages of as many blocks; width(stage, index): channels of a block, counted from 1 over
// all.
template <class Block, class Width>
int64_t add_stages(Network& network, int64_t blocks, const NetworkOptions& options, double dropout,
                   const Width& width) {
  int64_t channels = kCifarStem, index = 0;
  for (int64_t stage = 0; stage < kStages; ++stage) {
    for (int64_t block = 0; block < blocks; ++block) {
      const double rate = nn::drop_path_rate(options.drop_path, index++, kStages * blocks);
      const CifarBlockShape shape{channels, width(stage, index), stage > 0 && block == 0 ? 2 : 1,
                                  rate, dropout};
      network.add(fmt::format("layer{}.{}", stage + 1, block), std::make_shared<Block>(shape));
      channels = shape.out;
    }
  }
  return channels;
}

std::shared_ptr<Model> finished(const std::shared_ptr<Network>& network, int64_t features,
                                const ModelContext& context) {
  network->pool();
  network->classify("fc", features, context.classes);
  initialize(*network, {.filters = Filters::kFanOut});
  return network;
}

ConvShape stem(const ModelContext& context) {
  return {.in = context.channels, .out = kCifarStem, .kernel = 3};
}

ModelTable::Row basic_row(std::string_view name, std::string_view help, int64_t depth) {
  return ModelTable::row<NetworkOptions>(
      name, help, [=](const NetworkOptions& options, const ModelContext& context) {
        check_context(name, context, {});
        auto network = std::make_shared<Network>(options);
        network->add_conv("conv1", stem(context), "bn1", kRelu);
        const auto width = [](int64_t stage, int64_t) { return kCifarStem << stage; };
        const int64_t features =
            add_stages<BasicBlock>(*network, (depth - 2) / 6, options, 0, width);
        return finished(network, features, context);
      });
}

struct WideOptions {
  NetworkOptions network;
  double block_dropout = 0;
};

void describe(WideOptions& options, config::Fields& fields) {
  describe(options.network, fields);
  fields("block_dropout", options.block_dropout,
         "share of features dropped between the two convolutions of a block")
      .in(0, 0.99);
}

ModelTable::Row wide_row(std::string_view name, std::string_view help, int64_t depth,
                         int64_t factor) {
  return ModelTable::row<WideOptions>(
      name, help, [=](const WideOptions& options, const ModelContext& context) {
        check_context(name, context, {});
        auto network = std::make_shared<Network>(options.network);
        const Conv conv = make_conv(stem(context));
        network->add({{"conv1", conv}},
                     [conv](const at::Tensor& x, bool) { return convolve(*conv, x); });
        const auto width = [factor](int64_t stage, int64_t) {
          return (kCifarStem << stage) * factor;
        };
        const int64_t features = add_stages<WideBlock>(*network, (depth - 4) / 6, options.network,
                                                       options.block_dropout, width);
        add_norm(*network, "bn1", features, kRelu);
        return finished(network, features, context);
      });
}

ModelTable::Row pyramid_row(std::string_view name, std::string_view help, int64_t depth,
                            int64_t alpha) {
  return ModelTable::row<NetworkOptions>(
      name, help, [=](const NetworkOptions& options, const ModelContext& context) {
        check_context(name, context, {});
        auto network = std::make_shared<Network>(options);
        network->add_conv("conv1", stem(context), "bn1", kIdentity);
        const int64_t blocks = (depth - 2) / 6;
        const double step = static_cast<double>(alpha) / static_cast<double>(kStages * blocks);
        const auto width = [step](int64_t, int64_t index) {
          return static_cast<int64_t>(
              std::nearbyint(kCifarStem + step * static_cast<double>(index)));
        };
        const int64_t features = add_stages<PyramidBlock>(*network, blocks, options, 0, width);
        add_norm(*network, "bn_final", features, kRelu);
        return finished(network, features, context);
      });
}

// A convolution, and what a residual pair adds to it.
class NinePair : public Layer {
 public:
  explicit NinePair(int64_t channels) {
    conv1_ = register_module("conv1", make_conv({.in = channels, .out = channels, .kernel = 3}));
    bn1_ = register_module("bn1", make_norm(channels));
    conv2_ = register_module("conv2", make_conv({.in = channels, .out = channels, .kernel = 3}));
    bn2_ = register_module("bn2", make_norm(channels));
  }
  at::Tensor forward(const at::Tensor& x, bool keep) override {
    return Chain(x, keep).conv(conv1_).norm(bn1_, kRelu).conv(conv2_).norm(bn2_, kRelu).now() + x;
  }

 private:
  Conv conv1_, conv2_;
  Norm bn1_, bn2_;
};

std::shared_ptr<Model> build_resnet9(const NetworkOptions& options, const ModelContext& context) {
  check_context("resnet9", context, {.height = 8, .width = 8});
  check_drops_nothing("resnet9", options);
  auto network = std::make_shared<Network>(options);
  const auto add = [&](const std::string& name, int64_t in, int64_t out) {
    network->add_conv(name + ".conv", {.in = in, .out = out, .kernel = 3}, name + ".bn", kRelu);
  };
  const auto halve = [&] {
    network->add([](const at::Tensor& x, bool) { return nn::max_pool(x, 2); });
  };
  add("prep", context.channels, 64);
  add("layer1", 64, 128);
  halve();
  network->add("layer1.residual", std::make_shared<NinePair>(128));
  add("layer2", 128, 256);
  halve();
  add("layer3", 256, 512);
  halve();
  network->add("layer3.residual", std::make_shared<NinePair>(512));
  return finished(network, 512, context);
}

}  // namespace

ModelTable::Rows cifar_resnet_rows() {
  return {
      basic_row("resnet20", "residual network of 20 layers for 32x32 images", 20),
      basic_row("resnet32", "residual network of 32 layers for 32x32 images", 32),
      basic_row("resnet44", "residual network of 44 layers for 32x32 images", 44),
      basic_row("resnet56", "residual network of 56 layers for 32x32 images", 56),
      basic_row("resnet110", "residual network of 110 layers for 32x32 images", 110),
      wide_row("wrn_16_4", "Wide ResNet of 16 layers, 4 times as wide, for 32x32 images", 16, 4),
      wide_row("wrn_28_10", "Wide ResNet of 28 layers, 10 times as wide, for 32x32 images", 28, 10),
      wide_row("wrn_40_2", "Wide ResNet of 40 layers, twice as wide, for 32x32 images", 40, 2),
      pyramid_row("pyramidnet110_a48", "PyramidNet of 110 layers that grow by 48 channels", 110,
                  48),
      pyramid_row("pyramidnet110_a270", "PyramidNet of 110 layers that grow by 270 channels", 110,
                  270),
      ModelTable::row<NetworkOptions>("resnet9", "network of nine layers for 32x32 images",
                                      build_resnet9, {.pool = Pool::kMax}),
  };
}

}  // namespace stoker::models

// VGG (Simonyan and Zisserman, 2014) with timm's parameter names, and the one of the CIFAR
// literature: 16 layers with norms, one linear layer behind them.
#include <ATen/ops/adaptive_avg_pool2d.h>

#include <algorithm>
#include <string>
#include <vector>

#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/network.h"

namespace stoker::models {
namespace {

using nn::Activation::kRelu;
constexpr int64_t kSide = 7;                                   // of the first linear layer's window
constexpr SmallestImage kSmallest{.height = 32, .width = 32};  // five poolings

// Convolutions a stage, of 64, 128, 256, 512 and 512 channels (table 1 of the paper).
using Depths = std::vector<int64_t>;

// Returns the channels that come out.
int64_t add_features(Network& network, const Depths& depths, bool norms, int64_t channels) {
  int64_t width = 64, index = 0;
  constexpr int64_t kWidest = 512;
  for (const int64_t convolutions : depths) {
    for (int64_t i = 0; i < convolutions; ++i) {
      const ConvShape shape{.in = channels, .out = width, .kernel = 3, .bias = true};
      const std::string path = fmt::format("features.{}", index);
      if (norms)
        network.add_conv(path, shape, fmt::format("features.{}", index + 1), kRelu);
      else
        network.add_conv(path, shape, kRelu);
      index += norms ? 3 : 2;
      channels = width;
    }
    network.max_pool(2, 2, 0);
    ++index;
    width = std::min(width * 2, kWidest);
  }
  return channels;
}

std::shared_ptr<Model> build_vgg(const Depths& depths, bool norms, const NetworkOptions& options,
                                 const ModelContext& context) {
  constexpr int64_t kHidden = 4096;
  auto network = std::make_shared<Network>(options);
  const int64_t channels = add_features(*network, depths, norms, context.channels);
  network->add([](const at::Tensor& x, bool) {  // smaller images
    if (x.size(2) >= kSide && x.size(3) >= kSide) return x;
    return at::adaptive_avg_pool2d(x, {std::max(kSide, x.size(2)), std::max(kSide, x.size(3))});
  });
  network->add_conv("pre_logits.fc1",
                    {.in = channels, .out = kHidden, .kernel = kSide, .padding = 0}, kRelu);
  network->dropout(options.dropout);
  network->add_conv("pre_logits.fc2", {.in = kHidden, .out = kHidden}, kRelu);
  network->pool();
  network->classify("head.fc", kHidden, context.classes);
  initialize(*network, {.filters = Filters::kFanOut, .classifier = Classifier::kNormal});
  return network;
}

std::shared_ptr<Model> build_cifar_vgg(const Depths& depths, const NetworkOptions& options,
                                       const ModelContext& context) {
  auto network = std::make_shared<Network>(options);
  const int64_t channels = add_features(*network, depths, true, context.channels);
  network->pool();
  network->classify("classifier", channels, context.classes);
  initialize(*network, {.filters = Filters::kFanOut});
  return network;
}

}  // namespace

ModelTable::Rows vgg_rows() {
  ModelTable::Rows rows;
  const auto add = [&](std::string_view name, std::string_view help, const Depths& depths,
                       bool norms) {
    rows.push_back(ModelTable::row<NetworkOptions>(
        name, help,
        [=](const NetworkOptions& options, const ModelContext& context) {
          check_context(name, context, kSmallest);
          check_drops_nothing(name, options);
          return build_vgg(depths, norms, options, context);
        },
        {.dropout = 0.5}));
  };
  const Depths a{1, 1, 2, 2, 2}, b{2, 2, 2, 2, 2}, d{2, 2, 3, 3, 3}, e{2, 2, 4, 4, 4};
  add("vgg11", "VGG of 11 layers", a, false);
  add("vgg11_bn", "VGG of 11 layers, with norms", a, true);
  add("vgg13", "VGG of 13 layers", b, false);
  add("vgg13_bn", "VGG of 13 layers, with norms", b, true);
  add("vgg16", "VGG of 16 layers", d, false);
  add("vgg16_bn", "VGG of 16 layers, with norms", d, true);
  add("vgg19", "VGG of 19 layers", e, false);
  add("vgg19_bn", "VGG of 19 layers, with norms", e, true);
  rows.push_back(ModelTable::row<NetworkOptions>(
      "vgg16_bn_cifar", "VGG of 16 layers, with norms, as for 32x32 images",
      [d](const NetworkOptions& options, const ModelContext& context) {
        check_context("vgg16_bn_cifar", context, kSmallest);
        check_drops_nothing("vgg16_bn_cifar", options);
        return build_cifar_vgg(d, options, context);
      }));
  return rows;
}

}  // namespace stoker::models

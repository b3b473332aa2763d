// DenseNet (Huang et al., "Densely Connected Convolutional Networks", 2017) with torchvision's and
// timm's parameter names.
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>

#include <array>
#include <string>

#include "stoker/models/chain.h"
#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/network.h"

namespace stoker::models {
namespace {

using nn::Activation::kRelu;

struct DensenetDesign {
  int64_t growth, stem;
  std::array<int64_t, 4> layers;
};

// Adds `growth` channels to those it gets (DenseNet-B).
class DenseLayer : public Layer {
 public:
  DenseLayer(int64_t in, int64_t growth) {
    constexpr int64_t kBottleneck = 4;
    const int64_t mid = kBottleneck * growth;
    norm1_ = register_module("norm1", make_norm(in));
    conv1_ = register_module("conv1", make_conv({.in = in, .out = mid}));
    norm2_ = register_module("norm2", make_norm(mid));
    conv2_ = register_module("conv2", make_conv({.in = mid, .out = growth, .kernel = 3}));
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    const at::Tensor more =
        Chain(x, keep).norm(norm1_, kRelu).conv(conv1_).norm(norm2_, kRelu).conv(conv2_).now();
    return at::cat({x, more}, 1);
  }

 private:
  Norm norm1_, norm2_;
  Conv conv1_, conv2_;
};

class Transition : public Layer {
 public:
  Transition(int64_t in, int64_t out)
      : norm_(register_module("norm", make_norm(in))),
        conv_(register_module("conv", make_conv({.in = in, .out = out}))) {}

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    return at::avg_pool2d(Chain(x, keep).norm(norm_, kRelu).conv(conv_).now(), {2, 2}, {2, 2});
  }

 private:
  Norm norm_;
  Conv conv_;
};

std::shared_ptr<Model> build_densenet(const DensenetDesign& design, const NetworkOptions& options,
                                      const ModelContext& context) {
  auto network = std::make_shared<Network>(options);
  network->add_conv("features.conv0",
                    {.in = context.channels, .out = design.stem, .kernel = 7, .stride = 2},
                    "features.norm0", kRelu);
  network->max_pool(3, 2, 1);
  int64_t channels = design.stem;
  for (size_t block = 0; block < design.layers.size(); ++block) {
    for (int64_t layer = 0; layer < design.layers[block]; ++layer) {
      network->add(fmt::format("features.denseblock{}.denselayer{}", block + 1, layer + 1),
                   std::make_shared<DenseLayer>(channels, design.growth));
      channels += design.growth;
    }
    if (block + 1 == design.layers.size()) break;
    network->add(fmt::format("features.transition{}", block + 1),
                 std::make_shared<Transition>(channels, channels / 2));
    channels /= 2;
  }
  const Norm norm = make_norm(channels);
  network->add({{"features.norm5", norm}},
               [norm](const at::Tensor& x, bool) { return nn::norm_activate(*norm, kRelu, x); });
  network->pool();
  network->classify("classifier", channels, context.classes);
  initialize(*network, {.filters = Filters::kFanIn, .classifier = Classifier::kTorchUnbiased});
  return network;
}

}  // namespace

ModelTable::Rows densenet_rows() {
  const auto row = [](std::string_view name, std::string_view help, const DensenetDesign& design) {
    return ModelTable::row<NetworkOptions>(
        name, help, [=](const NetworkOptions& options, const ModelContext& context) {
          check_context(name, context, {.height = 29, .width = 29});
          check_drops_nothing(name, options);
          return build_densenet(design, options, context);
        });
  };
  return {
      row("densenet121", "DenseNet of 121 layers", {32, 64, {6, 12, 24, 16}}),
      row("densenet161", "DenseNet of 161 layers, half as wide again", {48, 96, {6, 12, 36, 24}}),
      row("densenet169", "DenseNet of 169 layers", {32, 64, {6, 12, 32, 32}}),
      row("densenet201", "DenseNet of 201 layers", {32, 64, {6, 12, 48, 32}}),
  };
}

}  // namespace stoker::models

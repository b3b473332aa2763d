// SqueezeNet (Iandola et al., 2016) with torchvision's parameter names.
#include <ATen/ops/cat.h>
#include <ATen/ops/flatten.h>
#include <torch/nn/init.h>

#include <string>
#include <vector>

#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/network.h"
#include "stoker/nn/convolution.h"

namespace stoker::models {
namespace {

using nn::Activation::kRelu;

// Section 3.2: fewer channels, then as many of 1x1 filters as of 3x3.
class Fire : public Layer {
 public:
  Fire(int64_t in, int64_t squeezed, int64_t expanded)
      : squeeze_(register_module("squeeze", biased({.in = in, .out = squeezed}))),
        expand1x1_(register_module("expand1x1", biased({.in = squeezed, .out = expanded}))),
        expand3x3_(
            register_module("expand3x3", biased({.in = squeezed, .out = expanded, .kernel = 3}))) {}

  at::Tensor forward(const at::Tensor& x, bool) override {
    const at::Tensor squeezed = nn::convolve_activate(*squeeze_, kRelu, x);
    return at::cat({nn::convolve_activate(*expand1x1_, kRelu, squeezed),
                    nn::convolve_activate(*expand3x3_, kRelu, squeezed)},
                   1);
  }

 private:
  static Conv biased(ConvShape shape) {
    shape.bias = true;
    return make_conv(shape);
  }

  Conv squeeze_, expand1x1_, expand3x3_;
};

struct Version {
  std::string_view name;
  ConvShape stem;
  std::vector<int64_t> pooled_before;  // the fires that a pooling precedes, counted from 0
};

void add_fires(Network& network, const Version& version) {
  constexpr int64_t kFires = 8;
  int64_t channels = version.stem.out, index = 2;  // behind convolution and ReLU
  for (int64_t fire = 0; fire < kFires; ++fire) {
    for (const int64_t pooled : version.pooled_before) {
      if (pooled != fire) continue;
      network.max_pool(3, 2, 0, /*ceil=*/true);
      ++index;
    }
    const int64_t squeezed = 16 * (fire / 2 + 1), expanded = 4 * squeezed;
    network.add(fmt::format("features.{}", index++),
                std::make_shared<Fire>(channels, squeezed, expanded));
    channels = 2 * expanded;
  }
}

std::shared_ptr<Model> build_squeezenet(const Version& version, const NetworkOptions& options,
                                        const ModelContext& context) {
  check_context(version.name, context, {.height = 21, .width = 21});
  check_drops_nothing(version.name, options);
  constexpr int64_t kFeatures = 512;
  auto network = std::make_shared<Network>(options);
  ConvShape stem = version.stem;
  stem.in = context.channels;
  network->add_conv("features.0", stem, kRelu);
  add_fires(*network, version);
  network->dropout(options.dropout);
  network->add_conv("classifier.1", {.in = kFeatures, .out = context.classes}, kRelu);
  network->end_with("classifier.1");
  network->pool();
  network->add([](const at::Tensor& x, bool) { return at::flatten(x, 1); });
  initialize(*network, {.filters = Filters::kUniformFanIn});
  torch::nn::init::normal_(network->named_parameters()["classifier.1.weight"], 0, 0.01);
  return network;
}

ModelTable::Row squeezenet(const Version& version, std::string_view help) {
  return ModelTable::row<NetworkOptions>(
      version.name, help,
      [version](const NetworkOptions& options, const ModelContext& context) {
        return build_squeezenet(version, options, context);
      },
      {.dropout = 0.5});
}

}  // namespace

ModelTable::Rows squeezenet_rows() {
  return {
      squeezenet({"squeezenet1_0", {.out = 96, .kernel = 7, .stride = 2, .padding = 0}, {0, 3, 7}},
                 "SqueezeNet 1.0"),
      squeezenet({"squeezenet1_1", {.out = 64, .kernel = 3, .stride = 2, .padding = 0}, {0, 2, 4}},
                 "SqueezeNet 1.1, of 2.4 times less arithmetic"),
  };
}

}  // namespace stoker::models

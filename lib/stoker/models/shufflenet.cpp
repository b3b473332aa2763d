// ShuffleNetV2 (Ma et al., 2018) with torchvision's parameter names.
#include <ATen/ops/cat.h>
#include <ATen/ops/channel_shuffle.h>

#include <array>
#include <string>
#include <vector>

#include "stoker/models/chain.h"
#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/network.h"

namespace stoker::models {
namespace {

using nn::Activation::kRelu, nn::Activation::kIdentity;

// Convolutions and norms under the numbers that they have in torchvision's sequence.
class Branch : public torch::nn::Module {
 public:
  void add(int64_t number, const ConvShape& shape, nn::Activation activation) {
    steps_.push_back({register_module(std::to_string(number), make_conv(shape)),
                      register_module(std::to_string(number + 1), make_norm(shape.out)),
                      activation});
  }
  at::Tensor forward(const at::Tensor& x, bool keep) {
    Chain chain(x, keep);
    for (const Step& step : steps_) chain.conv(step.conv).norm(step.norm, step.activation);
    return chain.now();
  }

 private:
  struct Step {
    Conv conv;
    Norm norm;
    nn::Activation activation;
  };
  std::vector<Step> steps_;
};

// Figure 3 (c) and (d) of the paper.
class ShuffleBlock : public Layer {
 public:
  ShuffleBlock(int64_t in, int64_t out, int64_t stride) {
    const int64_t half = out / 2, entering = stride > 1 ? in : half;
    if (stride > 1) {
      branch1_ = register_module("branch1", std::make_shared<Branch>());
      branch1_->add(0, {.in = in, .out = in, .kernel = 3, .stride = stride, .groups = in},
                    kIdentity);
      branch1_->add(2, {.in = in, .out = half}, kRelu);
    }
    branch2_ = register_module("branch2", std::make_shared<Branch>());
    branch2_->add(0, {.in = entering, .out = half}, kRelu);
    branch2_->add(3, {.in = half, .out = half, .kernel = 3, .stride = stride, .groups = half},
                  kIdentity);
    branch2_->add(5, {.in = half, .out = half}, kRelu);
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    if (branch1_) return shuffled(branch1_->forward(x, keep), branch2_->forward(x, keep));
    const std::vector<at::Tensor> halves = x.chunk(2, /*dim=*/1);
    return shuffled(halves[0], branch2_->forward(halves[1], keep));
  }

 private:
  static at::Tensor shuffled(const at::Tensor& a, const at::Tensor& b) {
    return at::channel_shuffle(at::cat({a, b}, 1), 2);
  }

  std::shared_ptr<Branch> branch1_, branch2_;
};

// Channels of the three stages and of the last convolution (table 5).
using Widths = std::array<int64_t, 4>;

std::shared_ptr<Model> build_shufflenet(const Widths& widths, const NetworkOptions& options,
                                        const ModelContext& context) {
  constexpr int64_t kStem = 24;
  constexpr std::array<int64_t, 3> kRepeats{4, 8, 4};
  auto network = std::make_shared<Network>(options);
  network->add_conv("conv1.0", {.in = context.channels, .out = kStem, .kernel = 3, .stride = 2},
                    "conv1.1", kRelu);
  network->max_pool(3, 2, 1);
  int64_t channels = kStem;
  for (size_t stage = 0; stage < kRepeats.size(); ++stage) {
    for (int64_t block = 0; block < kRepeats[stage]; ++block) {
      network->add(fmt::format("stage{}.{}", stage + 2, block),
                   std::make_shared<ShuffleBlock>(channels, widths[stage], block == 0 ? 2 : 1));
      channels = widths[stage];
    }
  }
  network->add_conv("conv5.0", {.in = channels, .out = widths[3]}, "conv5.1", kRelu);
  network->pool();
  network->classify("fc", widths[3], context.classes);
  initialize(*network, {.filters = Filters::kTorch});
  return network;
}

}  // namespace

ModelTable::Rows shufflenet_rows() {
  const auto row = [](std::string_view name, std::string_view help, const Widths& widths) {
    return ModelTable::row<NetworkOptions>(
        name, help, [=](const NetworkOptions& options, const ModelContext& context) {
          check_context(name, context, {});
          check_drops_nothing(name, options);
          return build_shufflenet(widths, options, context);
        });
  };
  return {
      row("shufflenet_v2_x0_5", "ShuffleNetV2, half as wide", {48, 96, 192, 1024}),
      row("shufflenet_v2_x1_0", "ShuffleNetV2", {116, 232, 464, 1024}),
      row("shufflenet_v2_x1_5", "ShuffleNetV2, 1.5 times as wide", {176, 352, 704, 1024}),
      row("shufflenet_v2_x2_0", "ShuffleNetV2, twice as wide", {244, 488, 976, 2048}),
  };
}

}  // namespace stoker::models

// Networks without norms: NFNet (Brock et al., "High-Performance Large-Scale Image Recognition
// Without Normalization", 2021) and the ResNets and RegNets of the paper before it
// ("Characterizing Signal Propagation to Close the Performance Gap in Unnormalized ResNets", 2021).
// Weights are standardized, and residual branches scaled so that the variance is known at each
// depth. timm's parameter names.
//
// They are trained with train.clip_adaptive (optim/clip.h), which leaves the classifier out.
#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/mobile_blocks.h"
#include "stoker/models/network.h"
#include "stoker/models/nf_block.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

void add_nf_conv(Network& network, const std::string& path, const NfConv& conv,
                 const std::optional<NfDesign>& activation_of) {
  network.add({{path, conv}}, [conv, activation_of](const at::Tensor& x, bool) {
    const at::Tensor y = conv->forward(x);
    return activation_of ? nf_activated(*activation_of, y) : y;
  });
}

// Returns the channels that come out.
int64_t add_nf_stem(Network& network, const NfDesign& design, int64_t channels) {
  const auto make = [&](int64_t out, int64_t kernel, int64_t stride) {
    const NfConvShape shape{.in = channels, .out = out, .kernel = kernel, .stride = stride};
    channels = out;
    return std::make_shared<StandardizedConv>(shape, design);
  };
  const int64_t width = round_channels(static_cast<double>(design.stem_width) * design.width);
  if (design.stem != NfStem::kDeep) {
    add_nf_conv(network, "stem.conv", make(width, design.stem == NfStem::kLarge ? 7 : 3, 2), {});
    if (design.stem == NfStem::kLarge) network.max_pool(3, 2, 1);
    return channels;
  }
  add_nf_conv(network, "stem.conv1", make(width / 8, 3, 2), design);
  add_nf_conv(network, "stem.conv2", make(width / 4, 3, 1), design);
  add_nf_conv(network, "stem.conv3", make(width / 2, 3, 1), design);
  add_nf_conv(network, "stem.conv4", make(width, 3, 2), {});
  return channels;
}

// Returns the channels that come out.
int64_t add_nf_stages(Network& network, const NfDesign& design, int64_t channels,
                      double drop_path) {
  int64_t count = 0, index = 0;
  for (const int64_t depth : design.depths) count += depth;
  double variance = 1;
  for (size_t stage = 0; stage < design.depths.size(); ++stage) {
    const int64_t out = round_channels(static_cast<double>(design.widths[stage]) * design.width);
    // A stem that halves the image twice leaves the first stage as large.
    const bool reduces = stage > 0 || design.stem == NfStem::kSmall;
    for (int64_t block = 0; block < design.depths[stage]; ++block) {
      const bool widens = design.regnet && (stage > 0 || block > 0);
      const NfBlockShape shape{.in = channels,
                               .out = out,
                               .stride = reduces && block == 0 ? 2 : 1,
                               .bottleneck = design.regnet && !widens ? 1 : design.bottleneck,
                               .beta = 1 / std::sqrt(variance),
                               .drop_path = nn::drop_path_rate(drop_path, index++, count)};
      network.add(fmt::format("stages.{}.{}", stage, block), make_nf_block(shape, design));
      if (block == 0) variance = 1;  // its shortcut is a convolution of the scaled input
      variance += kNfAlpha * kNfAlpha;
      channels = out;
    }
  }
  return channels;
}

std::shared_ptr<Model> build_nfnet(const NfDesign& design, const NetworkOptions& options,
                                   const ModelContext& context) {
  auto network = std::make_shared<Network>(options);
  int64_t channels = add_nf_stem(*network, design, context.channels);
  channels = add_nf_stages(*network, design, channels, options.drop_path);
  if (design.features > 0) {
    const int64_t features = round_channels(static_cast<double>(design.features) * design.width);
    add_nf_conv(
        *network, "final_conv",
        std::make_shared<StandardizedConv>(NfConvShape{.in = channels, .out = features}, design),
        design);
    channels = features;
  } else {
    network->add([design](const at::Tensor& x, bool) { return nf_activated(design, x); });
  }
  network->pool();
  network->classify("head.fc", channels, context.classes);
  initialize(*network, {.filters = Filters::kUnitFanIn, .classifier = Classifier::kNormal});
  draw_standardized(*network);
  return network;
}

NfDesign nf_deepmind(const std::array<int64_t, 4>& depths) {
  return {.depths = depths,
          .widths = {256, 512, 1536, 1536},
          .group_width = 128,
          .attention = NfAttention::kSqueezeExcite,
          .features = 3072,
          .extra_conv = true,
          .as_deepmind = true,
          .activation = nn::Activation::kGelu};
}

NfDesign nf_large(const std::array<int64_t, 4>& depths) {
  NfDesign design = nf_deepmind(depths);
  design.as_deepmind = false;
  return design;
}

NfDesign nf_light(const std::array<int64_t, 4>& depths, NfAttention attention, int64_t features) {
  NfDesign design = nf_large(depths);
  design.group_width = 64;
  design.bottleneck = 0.25;
  design.attention = attention;
  design.squeeze = 0.25;
  design.features = features;
  design.activation = nn::Activation::kSilu;
  return design;
}

NfDesign nf_residual(const std::array<int64_t, 4>& depths) {
  return {.depths = depths,
          .widths = {256, 512, 1024, 2048},
          .stem = NfStem::kLarge,
          .stem_width = 64,
          .bottleneck = 0.25,
          .activation = nn::Activation::kRelu};
}

NfDesign nf_regnet(const std::array<int64_t, 4>& depths) {
  return {.depths = depths,
          .widths = {48, 104, 208, 440},
          .stem = NfStem::kSmall,
          .stem_width = 48,
          .group_width = 8,
          .attention = NfAttention::kSqueezeExcite,
          .width = 0.75,
          .bottleneck = 2.25,
          .features = 1280,
          .regnet = true};
}

}  // namespace

ModelTable::Rows nfnet_rows() {
  const auto row = [](std::string_view name, std::string_view help, const NfDesign& design) {
    return ModelTable::row<NetworkOptions>(
        name, help, [=](const NetworkOptions& options, const ModelContext& context) {
          check_context(name, context, {});
          return build_nfnet(design, options, context);
        });
  };
  constexpr std::array<int64_t, 4> kF0{1, 2, 6, 3}, kF1{2, 4, 12, 6}, kF2{3, 6, 18, 9};
  constexpr NfAttention kSqueezed = NfAttention::kSqueezeExcite, kEca = NfAttention::kNeighbours;
  return {
      row("dm_nfnet_f0", "NFNet-F0, as DeepMind's weights have it", nf_deepmind(kF0)),
      row("dm_nfnet_f1", "NFNet-F1, as DeepMind's weights have it", nf_deepmind(kF1)),
      row("dm_nfnet_f2", "NFNet-F2, as DeepMind's weights have it", nf_deepmind(kF2)),
      row("nfnet_f0", "NFNet-F0", nf_large(kF0)),
      row("nfnet_l0", "NFNet, light", nf_light(kF0, kSqueezed, 2304)),
      row("eca_nfnet_l0", "NFNet, light, channels gated by their neighbours",
          nf_light(kF0, kEca, 2304)),
      row("eca_nfnet_l1", "NFNet, light and deeper, channels gated by their neighbours",
          nf_light(kF1, kEca, 3072)),
      row("nf_resnet50", "ResNet-50 without norms", nf_residual({3, 4, 6, 3})),
      row("nf_regnet_b1", "RegNet-B1 without norms", nf_regnet({2, 4, 7, 7})),
  };
}

}  // namespace stoker::models

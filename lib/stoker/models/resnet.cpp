#include "stoker/models/resnet.h"

#include <ATen/ops/max_pool2d.h>

#include <algorithm>
#include <array>
#include <string>

#include "stoker/models/blur_pool.h"
#include "stoker/models/chain.h"
#include "stoker/models/check.h"
#include "stoker/models/network.h"
#include "stoker/models/resnet_block.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

constexpr int64_t kStemWidth = 64;  // channels

struct Architecture {
  bool bottleneck;
  std::array<int64_t, 4> blocks;
};

// Table 1 of He et al.; 26 is timm's.
Architecture architecture_of(int64_t depth) {
  switch (depth) {
    case 18:
      return {false, {2, 2, 2, 2}};
    case 26:
      return {true, {2, 2, 2, 2}};
    case 34:
      return {false, {3, 4, 6, 3}};
    case 50:
      return {true, {3, 4, 6, 3}};
    case 101:
      return {true, {3, 4, 23, 3}};
    case 152:
      return {true, {3, 8, 36, 3}};
    default:
      throw InternalError(fmt::format("no ResNet of depth {}", depth));
  }
}

// Convolutions and norms by turns, each with its place.
void add_stem(Network& network, const Network::Modules& modules, bool pools,
              const ResnetOptions& options) {
  const auto blur = pools && options.blur_pool ? std::make_shared<BlurPool>() : nullptr;
  const auto body = [modules, pools, blur, activation = options.activation](
                        const at::Tensor& images, bool keep) {
    Chain chain(images, keep);
    for (size_t i = 0; i < modules.size(); i += 2) {
      chain.conv(std::static_pointer_cast<torch::nn::Conv2dImpl>(modules[i].second))
          .norm(std::static_pointer_cast<nn::BatchNorm>(modules[i + 1].second), activation);
    }
    if (!pools) return chain.now();
    const int64_t stride = blur ? 1 : 2;
    return chain.operate([stride](const at::Tensor& x) { return at::max_pool2d(x, 3, stride, 1); })
        .then(blur.get())
        .now();
  };
  network.add(modules, body);
}

Network::Modules stem_of(const ResnetOptions& options, int64_t channels, bool cifar) {
  if (cifar) {
    return {{"conv1", make_conv({.in = channels, .out = kStemWidth, .kernel = 3})},
            {"bn1", make_norm(kStemWidth)}};
  }
  if (!options.deep_stem) {
    return {{"conv1", make_conv({.in = channels, .out = kStemWidth, .kernel = 7, .stride = 2})},
            {"bn1", make_norm(kStemWidth)}};
  }
  constexpr int64_t kHalf = kStemWidth / 2;
  return {{"conv1.0", make_conv({.in = channels, .out = kHalf, .kernel = 3, .stride = 2})},
          {"conv1.1", make_norm(kHalf)},
          {"conv1.3", make_conv({.in = kHalf, .out = kHalf, .kernel = 3})},
          {"conv1.4", make_norm(kHalf)},
          {"conv1.6", make_conv({.in = kHalf, .out = kStemWidth, .kernel = 3})},
          {"bn1", make_norm(kStemWidth)}};
}

ResnetBlockShape first_block(const ResnetOptions& options, int64_t stage, int64_t in) {
  const Architecture architecture = architecture_of(options.depth);
  const int64_t planes = int64_t{64} << stage;
  const int64_t width = planes * options.group_width / 64 * options.groups;
  return {.in = in,
          .width = architecture.bottleneck ? width : planes,
          .out = architecture.bottleneck ? planes * 4 : planes,
          .stride = stage > 0 ? 2 : 1,
          .groups = options.groups,
          .bottleneck = architecture.bottleneck,
          .scales = options.scales,
          .squeeze = options.squeeze,
          .pools_shortcut = options.deep_stem,
          .first_of_stage = true,
          .zero_init = options.zero_init_residual,
          .blurs = options.blur_pool,
          .activation = options.activation};
}

// Returns the channels that come out.
int64_t add_stages(Network& network, const ResnetOptions& options) {
  const std::array<int64_t, 4> blocks = architecture_of(options.depth).blocks;
  int64_t count = 0, index = 0, channels = kStemWidth;
  for (const int64_t of_stage : blocks) count += of_stage;
  for (int64_t stage = 0; stage < 4; ++stage) {
    ResnetBlockShape shape = first_block(options, stage, channels);
    for (int64_t block = 0; block < blocks[stage]; ++block) {
      shape.drop_path = nn::drop_path_rate(options.drop_path, index++, count);
      network.add(fmt::format("layer{}.{}", stage + 1, block),
                  shape.scales > 1 ? make_res2net_block(shape) : make_resnet_block(shape));
      shape.in = channels = shape.out;
      shape.stride = 1;
      shape.first_of_stage = false;
    }
  }
  return channels;
}

bool has_cifar_stem(const ResnetOptions& options, const ModelContext& context) {
  constexpr int64_t kLargestCifarSide = 32, kCifarKernel = 3;
  if (options.stem != Stem::kAuto) return options.stem == Stem::kCifar;
  if (context.stem_kernel > 0 && !options.deep_stem) return context.stem_kernel == kCifarKernel;
  return std::max(context.height, context.width) <= kLargestCifarSide;
}

void check_options(const ResnetOptions& options, const ModelContext& context, bool cifar) {
  // The last map that is blurred has at least two pixels each way, which mirroring needs.
  const int64_t smallest = !options.blur_pool ? 1 : cifar ? 5 : 17;
  check_context("resnet", context, {.height = smallest, .width = smallest});
  if (options.blur_pool && (options.scales > 1 || options.convolves_pool)) {
    throw ConfigError(
        "model.blur_pool: Res2Net and ResNet-RS halve maps in ways of their own. Take it out, or "
        "choose another residual network.");
  }
  if (options.activation != nn::Activation::kRelu && options.scales > 1)
    throw ConfigError("model.activation: Res2Net has ReLU alone. Take it out.");
}

}  // namespace

std::span<const std::string_view> enum_names(Stem) {
  static constexpr std::array<std::string_view, 3> kNames{"auto", "imagenet", "cifar"};
  return kNames;
}

void describe(ResnetOptions& options, config::Fields& fields) {
  fields(
      "stem", options.stem,
      "imagenet: 7x7 convolution of stride 2 and max pooling; cifar: 3x3 of stride 1, which costs "
      "up to 16 times as much; auto: that of model.weights, else cifar up to 32x32 pixels");
  describe_common(options.drop_path, options.dropout, options.pool, fields);
  fields("zero_init_residual", options.zero_init_residual,
         "start the last norm of each block at zero, so that blocks begin as the identity");
  fields("activation", options.activation, "after each norm, and of each block's sum");
  fields("blur_pool", options.blur_pool,
         "blur maps before they are halved, so that small shifts of the image change little "
         "(Zhang, 2019)");
}

std::shared_ptr<Model> build_resnet(const ResnetOptions& options, const ModelContext& context) {
  const bool cifar = has_cifar_stem(options, context);
  check_options(options, context, cifar);
  auto network = std::make_shared<Network>(NetworkOptions{
      .drop_path = options.drop_path, .dropout = options.dropout, .pool = options.pool});
  const bool pools = !cifar && !options.convolves_pool;
  add_stem(*network, stem_of(options, context.channels, cifar), pools, options);
  if (!cifar && options.convolves_pool) {
    network->add_conv("maxpool.0", {.in = kStemWidth, .out = kStemWidth, .kernel = 3, .stride = 2},
                      "maxpool.1", options.activation);
  }
  const int64_t features = add_stages(*network, options);
  network->pool();
  network->classify("fc", features, context.classes);
  network->note(fmt::format("stem {} (model.stem{})", cifar ? "cifar" : "imagenet",
                            options.stem == Stem::kAuto ? ", chosen by auto" : ""));
  initialize(*network, {.filters = Filters::kFanOut});
  return network;
}

ModelTable::Rows resnet_rows() {
  const auto row = [](std::string_view name, std::string_view help, const ResnetOptions& options) {
    return ModelTable::row<ResnetOptions>(name, help, build_resnet, options);
  };
  constexpr bool kZero = true;  // timm begins so, torchvision does not
  return {
      row("resnet18", "residual network of 18 layers", {.depth = 18}),
      row("resnet34", "residual network of 34 layers", {.depth = 34}),
      row("resnet50", "residual network of 50 layers with bottlenecks", {.depth = 50}),
      row("resnet101", "residual network of 101 layers with bottlenecks", {.depth = 101}),
      row("resnet152", "residual network of 152 layers with bottlenecks", {.depth = 152}),
      row("wide_resnet50_2", "resnet50 with bottlenecks twice as wide",
          {.depth = 50, .group_width = 128}),
      row("wide_resnet101_2", "resnet101 with bottlenecks twice as wide",
          {.depth = 101, .group_width = 128}),
      row("resnext50_32x4d", "resnet50 with 32 groups of 4 channels in the bottlenecks",
          {.depth = 50, .groups = 32, .group_width = 4}),
      row("resnext101_32x4d", "resnet101 with 32 groups of 4 channels in the bottlenecks",
          {.depth = 101, .groups = 32, .group_width = 4, .zero_init_residual = kZero}),
      row("resnext101_32x8d", "resnet101 with 32 groups of 8 channels in the bottlenecks",
          {.depth = 101, .groups = 32, .group_width = 8}),
      row("resnext101_64x4d", "resnet101 with 64 groups of 4 channels in the bottlenecks",
          {.depth = 101, .groups = 64, .group_width = 4}),
      row("resnet18d", "resnet18 with a deep stem and averages in shortcuts",
          {.depth = 18, .deep_stem = true, .zero_init_residual = kZero}),
      row("resnet26d", "ResNet-D of 26 layers with bottlenecks",
          {.depth = 26, .deep_stem = true, .zero_init_residual = kZero}),
      row("resnet34d", "resnet34 with a deep stem and averages in shortcuts",
          {.depth = 34, .deep_stem = true, .zero_init_residual = kZero}),
      row("resnet50d", "resnet50 with a deep stem and averages in shortcuts",
          {.depth = 50, .deep_stem = true, .zero_init_residual = kZero}),
      row("resnet101d", "resnet101 with a deep stem and averages in shortcuts",
          {.depth = 101, .deep_stem = true, .zero_init_residual = kZero}),
      row("resnet152d", "resnet152 with a deep stem and averages in shortcuts",
          {.depth = 152, .deep_stem = true, .zero_init_residual = kZero}),
      row("seresnet18", "resnet18 with squeeze-and-excitation",
          {.depth = 18, .squeeze = 1.0 / 16, .zero_init_residual = kZero}),
      row("seresnet50", "resnet50 with squeeze-and-excitation",
          {.depth = 50, .squeeze = 1.0 / 16, .zero_init_residual = kZero}),
      row("seresnext50_32x4d", "resnext50_32x4d with squeeze-and-excitation",
          {.depth = 50,
           .groups = 32,
           .group_width = 4,
           .squeeze = 1.0 / 16,
           .zero_init_residual = kZero}),
      row("seresnext101_32x4d", "resnext101_32x4d with squeeze-and-excitation",
          {.depth = 101,
           .groups = 32,
           .group_width = 4,
           .squeeze = 1.0 / 16,
           .zero_init_residual = kZero}),
      row("resnetrs50", "ResNet-RS of 50 layers",
          {.depth = 50,
           .squeeze = 0.25,
           .deep_stem = true,
           .convolves_pool = true,
           .zero_init_residual = kZero}),
      row("resnetrs101", "ResNet-RS of 101 layers",
          {.depth = 101,
           .squeeze = 0.25,
           .deep_stem = true,
           .convolves_pool = true,
           .zero_init_residual = kZero}),
      row("res2net50_26w_4s", "Res2Net of 50 layers, 4 scales of 26 channels",
          {.depth = 50, .group_width = 26, .scales = 4, .zero_init_residual = kZero}),
      row("res2net50_14w_8s", "Res2Net of 50 layers, 8 scales of 14 channels",
          {.depth = 50, .group_width = 14, .scales = 8, .zero_init_residual = kZero}),
      row("res2net101_26w_4s", "Res2Net of 101 layers, 4 scales of 26 channels",
          {.depth = 101, .group_width = 26, .scales = 4, .zero_init_residual = kZero}),
  };
}

}  // namespace stoker::models

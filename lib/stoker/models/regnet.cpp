// RegNet (Radosavovic et al., "Designing Network Design Spaces", 2020): widths that rise
// linearly, quantized to powers of a factor; Y has squeeze-and-excitation. timm's parameter names.
#include <torch/nn/init.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "stoker/models/chain.h"
#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/network.h"
#include "stoker/models/squeeze_excite.h"
#include "stoker/nn/drop_path.h"

namespace stoker::models {
namespace {

using nn::Activation::kRelu;

// Section 3.3: the width of block j is initial + slope * j, quantized to initial * factor^k.
struct RegnetDesign {
  int64_t depth;
  double initial, slope, factor;
  int64_t group_width;
  bool squeezes;
};

struct StageShape {
  int64_t blocks, width, groups;
};

// Runs of equal widths, which are multiples of the groups' width.
std::vector<StageShape> stages_of(const RegnetDesign& design) {
  constexpr double kStep = 8;
  std::vector<StageShape> stages;
  for (int64_t block = 0; block < design.depth; ++block) {
    const double linear = design.initial + design.slope * static_cast<double>(block);
    const double power =
        std::nearbyint(std::log(linear / design.initial) / std::log(design.factor));
    const double width =
        std::nearbyint(design.initial * std::pow(design.factor, power) / kStep) * kStep;
    const auto group = std::min(design.group_width, static_cast<int64_t>(width));
    const int64_t groups = static_cast<int64_t>(std::nearbyint(width / static_cast<double>(group)));
    const StageShape shape{1, groups * group, groups};
    if (stages.empty() || stages.back().width != shape.width)
      stages.push_back(shape);
    else
      ++stages.back().blocks;
  }
  return stages;
}

// conv and bn, with names of their own below `name`.
class RegnetUnit : public torch::nn::Module {
 public:
  explicit RegnetUnit(const ConvShape& shape)
      : conv(register_module("conv", make_conv(shape))),
        norm(register_module("bn", make_norm(shape.out))) {}
  Conv conv;
  Norm norm;
};

struct YBlockShape {
  int64_t in, out, stride, groups;
  bool squeezes;
  double drop_path;
};

// Figure 4 of the paper: a bottleneck that keeps its width.
class RegnetBlock : public Layer {
 public:
  explicit RegnetBlock(const YBlockShape& shape) : drop_path_(shape.drop_path) {
    const int64_t out = shape.out;
    conv1_ = unit("conv1", {.in = shape.in, .out = out});
    conv2_ =
        unit("conv2",
             {.in = out, .out = out, .kernel = 3, .stride = shape.stride, .groups = shape.groups});
    if (shape.squeezes) {
      const auto reduced =
          static_cast<int64_t>(std::nearbyint(static_cast<double>(shape.in) * 0.25));
      squeeze_ = register_module("se", std::make_shared<SqueezeExcite>(SqueezeExciteShape{
                                           .channels = out, .reduced = reduced}));
    }
    conv3_ = unit("conv3", {.in = out, .out = out});
    torch::nn::init::zeros_(conv3_->norm->weight);
    if (shape.in != out || shape.stride != 1)
      downsample_ = unit("downsample", {.in = shape.in, .out = out, .stride = shape.stride});
  }

  at::Tensor forward(const at::Tensor& x, bool keep) override {
    const at::Tensor shortcut =
        downsample_ ? downsample_->norm->forward(convolve(*downsample_->conv, x)) : x;
    return Chain(x, keep)
        .conv(conv1_->conv)
        .norm(conv1_->norm, kRelu)
        .conv(conv2_->conv)
        .norm(conv2_->norm, kRelu)
        .then(squeeze_.get())
        .conv(conv3_->conv)
        .join(conv3_->norm, kRelu, shortcut, drop_path_, is_training());
  }

 private:
  std::shared_ptr<RegnetUnit> unit(const std::string& name, const ConvShape& shape) {
    return register_module(name, std::make_shared<RegnetUnit>(shape));
  }

  double drop_path_;
  std::shared_ptr<RegnetUnit> conv1_, conv2_, conv3_, downsample_;
  std::shared_ptr<SqueezeExcite> squeeze_;
};

std::shared_ptr<Model> build_regnet(const RegnetDesign& design, const NetworkOptions& options,
                                    const ModelContext& context) {
  constexpr int64_t kStem = 32;
  auto network = std::make_shared<Network>(options);
  network->add_conv("stem.conv", {.in = context.channels, .out = kStem, .kernel = 3, .stride = 2},
                    "stem.bn", kRelu);
  int64_t channels = kStem, index = 0, number = 0;
  for (const StageShape& stage : stages_of(design)) {
    ++number;
    for (int64_t block = 1; block <= stage.blocks; ++block) {
      network->add(fmt::format("s{}.b{}", number, block),
                   std::make_shared<RegnetBlock>(YBlockShape{
                       channels, stage.width, block == 1 ? 2 : 1, stage.groups, design.squeezes,
                       nn::drop_path_rate(options.drop_path, index++, design.depth)}));
      channels = stage.width;
    }
  }
  network->pool();
  network->classify("head.fc", channels, context.classes);
  initialize(*network, {.filters = Filters::kFanOutOfGroup, .classifier = Classifier::kNormal});
  return network;
}

ModelTable::Row regnet(std::string_view name, std::string_view help, const RegnetDesign& design) {
  return ModelTable::row<NetworkOptions>(
      name, help, [name, design](const NetworkOptions& options, const ModelContext& context) {
        check_context(name, context, {});
        return build_regnet(design, options, context);
      });
}

}  // namespace

ModelTable::Rows regnet_rows() {
  constexpr bool kY = true, kX = false;
  return {
      regnet("regnetx_002", "RegNetX of 200 MFLOPs", {13, 24, 36.44, 2.49, 8, kX}),
      regnet("regnetx_004", "RegNetX of 400 MFLOPs", {22, 24, 24.48, 2.54, 16, kX}),
      regnet("regnetx_006", "RegNetX of 600 MFLOPs", {16, 48, 36.97, 2.24, 24, kX}),
      regnet("regnetx_008", "RegNetX of 800 MFLOPs", {16, 56, 35.73, 2.28, 16, kX}),
      regnet("regnetx_016", "RegNetX of 1.6 GFLOPs", {18, 80, 34.01, 2.25, 24, kX}),
      regnet("regnetx_032", "RegNetX of 3.2 GFLOPs", {25, 88, 26.31, 2.25, 48, kX}),
      regnet("regnety_002", "RegNetY of 200 MFLOPs", {13, 24, 36.44, 2.49, 8, kY}),
      regnet("regnety_004", "RegNetY of 400 MFLOPs", {16, 48, 27.89, 2.09, 8, kY}),
      regnet("regnety_006", "RegNetY of 600 MFLOPs", {15, 48, 32.54, 2.32, 16, kY}),
      regnet("regnety_008", "RegNetY of 800 MFLOPs", {14, 56, 38.84, 2.4, 16, kY}),
      regnet("regnety_016", "RegNetY of 1.6 GFLOPs", {27, 48, 20.71, 2.65, 24, kY}),
      regnet("regnety_032", "RegNetY of 3.2 GFLOPs", {21, 80, 42.63, 2.66, 24, kY}),
  };
}

}  // namespace stoker::models

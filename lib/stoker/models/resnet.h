// Residual networks (He et al., "Deep Residual Learning for Image Recognition", 2015) and what
// became of them: ResNeXt (Xie et al., 2016), Wide ResNets (Zagoruyko and Komodakis, 2016),
// SE-ResNet (Hu et al., 2018), ResNet-D (He et al., "Bag of Tricks", 2018), Res2Net (Gao et al.,
// 2019), ResNet-RS (Bello et al., 2021), with torchvision's and timm's parameter names, shapes and
// initial distributions, so that their weights load as they are.
//
//   models().pick("resnet50")                                 // in a config: model: resnet50
//   auto model = build_resnet({.depth = 50}, {.classes = 1000, .height = 224, .width = 224});
#pragma once

#include <memory>

#include "stoker/config/fields.h"
#include "stoker/models/global_pool.h"
#include "stoker/models/model.h"
#include "stoker/nn/activation.h"

namespace stoker::models {

enum class Stem { kAuto, kImagenet, kCifar };
std::span<const std::string_view> enum_names(Stem);  // auto, imagenet, cifar

struct ResnetOptions {
  // Set by the row of the table, not by a config.
  int64_t depth = 50;           // 18, 26, 34, 50, 101 or 152
  int64_t groups = 1;           // of the 3x3 convolutions of bottleneck blocks
  int64_t group_width = 64;     // channels a group in the first stage
  int64_t scales = 1;           // of a Res2Net
  double squeeze = 0;           // share of channels in squeeze-and-excitation; 0: none
  bool deep_stem = false;       // three 3x3 convolutions, and averages in shortcuts (ResNet-D)
  bool convolves_pool = false;  // a convolution in place of the first pooling (ResNet-RS)

  // imagenet: 7x7 convolution of stride 2 and max pooling; cifar: 3x3 convolution of stride 1.
  // auto is cifar up to 32 x 32 pixels.
  Stem stem = Stem::kAuto;
  double dropout = 0;               // before the classifier
  bool zero_init_residual = false;  // the last norm of each block starts at zero
  double drop_path = 0;             // of the last block
  Pool pool = Pool::kAvg;
  nn::Activation activation = nn::Activation::kRelu;
  bool blur_pool = false;  // where maps are halved, but in shortcuts and the first convolution
};
void describe(ResnetOptions& options, config::Fields& fields);

// Throws ConfigError for a context without classes, channels or pixels.
std::shared_ptr<Model> build_resnet(const ResnetOptions& options, const ModelContext& context);

ModelTable::Rows resnet_rows();

}  // namespace stoker::models

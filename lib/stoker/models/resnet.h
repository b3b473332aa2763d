// Residual networks (He et al., "Deep Residual Learning for Image Recognition", 2015; Xie et al.,
// ResNeXt, 2016; Zagoruyko and Komodakis, Wide ResNets, 2016) with torchvision's parameter names,
// shapes and initial distributions, so that its weights load as they are.
//
//   models().pick("resnet50")                                 // in a config: model: resnet50
//   auto model = build_resnet({.depth = 50}, {.classes = 1000, .height = 224, .width = 224});
#pragma once

#include <memory>

#include "stoker/config/fields.h"
#include "stoker/models/model.h"

namespace stoker::models {

enum class Stem { kAuto, kImagenet, kCifar };
std::span<const std::string_view> enum_names(Stem);  // auto, imagenet, cifar

struct ResnetOptions {
  // Set by the row of the table, not by a config.
  int64_t depth = 50;        // 18, 34, 50, 101 or 152
  int64_t groups = 1;        // of the 3x3 convolutions of bottleneck blocks
  int64_t group_width = 64;  // channels a group in the first stage

  // imagenet: 7x7 convolution of stride 2 and max pooling; cifar: 3x3 convolution of stride 1.
  // auto is cifar up to 64 x 64 pixels.
  Stem stem = Stem::kAuto;
  double dropout = 0;               // before the classifier
  bool zero_init_residual = false;  // the last norm of each block starts at zero
};
void describe(ResnetOptions& options, config::Fields& fields);

// Throws ConfigError for a context without classes, channels or pixels.
std::shared_ptr<Model> build_resnet(const ResnetOptions& options, const ModelContext& context);

}  // namespace stoker::models

// The blocks of mobile networks, with timm's names: depthwise separable convolutions, inverted
// residuals (Sandler et al., MobileNetV2, 2018), edge residuals (Tan and Le, EfficientNetV2, 2021),
// universal inverted bottlenecks (Qin et al., MobileNetV4, 2024), and attention
// (mobile_attention.h).
#pragma once

#include <memory>

#include "stoker/models/layer.h"
#include "stoker/models/mobile_spec.h"
#include "stoker/nn/batch_norm.h"

namespace stoker::models {

// What all blocks of a network have in common.
struct MobileStyle {
  nn::Activation activation = nn::Activation::kRelu;
  nn::BatchNormOptions norm = {};
  bool same_padding = false;
  // Squeeze-and-excitation.
  nn::Activation squeeze_activation = nn::Activation::kRelu;
  nn::Activation squeeze_gate = nn::Activation::kSigmoid;
  bool squeezes_expanded = false;  // to a share of the expanded channels, rounded to multiples of 8
  // Initial factor of each channel of universal blocks and attention; 0: none is learned.
  double layer_scale = 0;
};

struct MobileBlockShape {
  MobileSpec spec;  // its stride is this block's, its channels the scaled ones
  int64_t in = 0;
  double drop_path = 0;
};
std::shared_ptr<Layer> make_mobile_block(const MobileBlockShape& shape, const MobileStyle& style);

// The nearest multiple of `step` to `channels`, at least `step`, and more than 90 % of `channels`.
int64_t round_channels(double channels, int64_t step = 8);

}  // namespace stoker::models

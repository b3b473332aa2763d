// The blocks of MaxViT: an inverted residual, attention within windows, and attention along a grid
// of tokens that lie as far apart as windows are many.
//
//   network->add("stages.0.blocks.0", make_maxvit_block(shape, design));
//   draw_maxvit_blocks(*network);
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "stoker/models/convolutions.h"
#include "stoker/models/layer.h"
#include "stoker/models/windows.h"
#include "stoker/nn/activation.h"

namespace stoker::models {

struct MaxVitDesign {
  std::array<int64_t, 4> widths, depths;
  std::array<int64_t, 2> stem;
  bool as_paper = true;  // as in TensorFlow, with a hidden layer in the head

  nn::BatchNormOptions norm() const { return {.eps = as_paper ? 1e-3 : 1e-5}; }
  double layer_norm_eps() const { return as_paper ? 1e-5 : 1e-6; }
  nn::Activation conv_activation() const {
    return as_paper ? nn::Activation::kGeluTanh : nn::Activation::kSilu;
  }
  nn::Activation mlp_activation() const {
    return as_paper ? nn::Activation::kGeluTanh : nn::Activation::kGelu;
  }
};

struct MaxVitBlockShape {
  int64_t in = 0, out = 0, stride = 1;
  MapSize window;
  double drop_path = 0;
};

std::shared_ptr<Layer> make_maxvit_block(const MaxVitBlockShape& shape, const MaxVitDesign& design);

// Draws the weights of the attention in `network` as timm does: Xavier's uniform distribution.
void draw_maxvit_blocks(torch::nn::Module& network);

}  // namespace stoker::models

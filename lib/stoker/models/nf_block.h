// What networks without norms are made of: convolutions whose weights are standardized, and
// residual blocks that keep the variance known. timm's parameter names.
//
//   auto conv = std::make_shared<StandardizedConv>(NfConvShape{.in = 3, .out = 16}, design);
//   network->add("stages.0.0", make_nf_block(shape, design));
//   draw_standardized(*network);
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "stoker/models/convolutions.h"
#include "stoker/models/layer.h"
#include "stoker/nn/activation.h"

namespace stoker::models {

// A share of channels for squeeze-and-excitation, or ECA (Wang et al., 2020): a gate a channel from
// the means of its neighbours.
enum class NfAttention { kNone, kSqueezeExcite, kNeighbours };
enum class NfStem { kSmall, kLarge, kDeep };  // 3x3; 7x7 and a pooling; four of 3x3

struct NfDesign {
  std::array<int64_t, 4> depths, widths;
  NfStem stem = NfStem::kDeep;
  int64_t stem_width = 128;
  int64_t group_width = 0;  // 0: no groups
  NfAttention attention = NfAttention::kNone;
  double squeeze = 0.5;  // share of channels
  double width = 1, bottleneck = 0.5;
  int64_t features = 0;      // of the last convolution; 0: there is none
  bool regnet = false;       // bottlenecks widen what comes in, attention in the middle
  bool extra_conv = false;   // a second 3x3
  bool as_deepmind = false;  // the gain behind activations, SAME padding, a learned factor a block
  nn::Activation activation = nn::Activation::kSilu;
};

constexpr double kNfAlpha = 0.2;  // factor on residual branches

struct NfConvShape {
  int64_t in = 0, out = 0, kernel = 1, stride = 1, groups = 1;
  double gain = 1;  // what "gain" begins with
};

// "weight", of which each filter is shifted and scaled to mean 0 and variance 1 / fan-in before it
// is used, "bias", and a learned "gain" a filter.
class StandardizedConv : public torch::nn::Module {
 public:
  StandardizedConv(const NfConvShape& shape, const NfDesign& design);
  at::Tensor forward(const at::Tensor& x);
  void draw();

 private:
  at::Tensor padded(const at::Tensor& x) const;

  NfConvShape shape_;
  bool same_padding_;
  double scale_ = 1;
  at::Tensor weight_, bias_, gain_;
};
using NfConv = std::shared_ptr<StandardizedConv>;

// The design's activation, with its gain where weights do not hold that.
at::Tensor nf_activated(const NfDesign& design, const at::Tensor& x);

struct NfBlockShape {
  int64_t in = 0, out = 0, stride = 1;
  double bottleneck = 0.5;
  double beta = 1;  // factor that gives the input a variance of 1
  double drop_path = 0;
};

std::shared_ptr<Layer> make_nf_block(const NfBlockShape& shape, const NfDesign& design);

// Draws the weights of all standardized convolutions in `network`.
void draw_standardized(torch::nn::Module& network);

}  // namespace stoker::models

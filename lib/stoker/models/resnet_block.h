// The blocks of residual networks, with torchvision's and timm's names.
#pragma once

#include <cstdint>
#include <memory>

#include "stoker/models/convolutions.h"
#include "stoker/models/layer.h"
#include "stoker/nn/activation.h"

namespace stoker::models {

struct ResnetBlockShape {
  int64_t in = 0, width = 0, out = 0, stride = 1;
  int64_t groups = 1;
  bool bottleneck = true;
  int64_t scales = 1;           // above 1: a Res2Net's, each of `width` channels
  double squeeze = 0;           // share of channels that squeeze-and-excitation reduces to; 0: none
  bool pools_shortcut = false;  // the shortcut averages before it convolves (ResNet-D)
  bool first_of_stage = false;
  bool zero_init = false;  // the last norm starts at zero
  bool blurs = false;      // where there is a stride, behind a convolution of stride 1
  nn::Activation activation = nn::Activation::kRelu;
  double drop_path = 0;
};
std::shared_ptr<Layer> make_resnet_block(const ResnetBlockShape& shape);
std::shared_ptr<Layer> make_res2net_block(const ResnetBlockShape& shape);  // res2net_block.cpp

// What stands beside a block whose input and output differ: convolution and norm, "0" and "1", or
// "1" and "2" behind an average.
class Downsample : public torch::nn::Module {
 public:
  explicit Downsample(const ResnetBlockShape& shape);
  at::Tensor forward(const at::Tensor& x);

 private:
  int64_t pool_stride_;
  Conv conv_;
  Norm norm_;
};
// None where the block's input is added as it is.
std::shared_ptr<Downsample> make_downsample(const ResnetBlockShape& shape);

}  // namespace stoker::models

// The layers with weights that convolutional networks are made of, and how families initialise
// them.
//
//   Conv conv = make_conv({.in = 32, .out = 64, .kernel = 3, .stride = 2});
//   Norm norm = make_norm(64);
//   initialize(network, {.filters = Filters::kFanOut});  // all convolutions and linear layers in
//   it
//
// What make_conv and make_linear give holds no numbers yet: each weight is drawn once, by
// initialize.
#pragma once

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <memory>

#include "stoker/nn/batch_norm.h"

namespace stoker::models {

using Conv = std::shared_ptr<torch::nn::Conv2dImpl>;
using Linear = std::shared_ptr<torch::nn::LinearImpl>;
using Norm = std::shared_ptr<nn::BatchNorm>;

struct ConvShape {
  int64_t in = 0, out = 0, kernel = 1, stride = 1, groups = 1;
  bool bias = false;
  int64_t padding = -1;  // -1: half the kernel, each way
  bool same = false;     // TensorFlow's padding, by the size of the input: ceil(input / stride) out
  int64_t kernel_width = 0;  // 0: as high as wide
};
Conv make_conv(const ConvShape& shape);
Linear make_linear(int64_t in, int64_t out, bool bias = true);
Norm make_norm(int64_t channels, const nn::BatchNormOptions& options = {});

// conv's output for x: [N, C, H, W], with TensorFlow's padding where it was made so.
at::Tensor convolve(torch::nn::Conv2dImpl& conv, const at::Tensor& x);
// Whether that pads the input by hand, as another operator before the convolution.
bool pads_by_hand(const torch::nn::Conv2dImpl& conv, const at::Tensor& x);

// Of deviation sqrt(2 / fan), biases 0; kTorch: PyTorch's own.
enum class Filters {
  kTorch,
  kTenth,  // of deviation 0.1
  kFanIn,
  kUniformFanIn,  // the others are normal
  kUnitFanIn,     // of deviation sqrt(1 / fan in)
  kFanOut,
  kFanOutOfGroup,  // fan out divided by the groups
};
// Of linear layers, biases 0; kTorch: PyTorch's own.
enum class Classifier {
  kTorch,
  kTorchUnbiased,  // but for the bias
  kNormal,         // of deviation 0.01
  kTenth,          // of deviation 0.1, the bias PyTorch's
  kUniformOut,     // within 1 / sqrt(outputs)
};
struct Initialization {
  Filters filters = Filters::kFanOut;
  Classifier classifier = Classifier::kTorch;
};
void initialize(torch::nn::Module& network, const Initialization& rules);

// While it lives, networks that this thread builds keep weights that were never drawn, for work
// that looks at names and shapes alone.
class BlankWeights {
 public:
  BlankWeights();
  ~BlankWeights();
  static bool active();
  BlankWeights(const BlankWeights&) = delete;
  BlankWeights& operator=(const BlankWeights&) = delete;

 private:
  bool former_;
};

}  // namespace stoker::models

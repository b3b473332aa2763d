// A part of a network with one input and one output.
#pragma once

#include <torch/nn/module.h>

namespace stoker::models {

class Layer : public torch::nn::Module {
 public:
  // keep: for the backward pass, what lies between a norm and the layer that takes it, instead of
  // making it again (nn/recompute.h).
  virtual at::Tensor forward(const at::Tensor& x, bool keep) = 0;
};

}  // namespace stoker::models

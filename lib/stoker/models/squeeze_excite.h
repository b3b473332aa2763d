// Squeeze-and-excitation (Hu et al., "Squeeze-and-Excitation Networks", 2018, section 3): each
// channel times a gate in (0, 1) that two 1x1 convolutions make of all channels' means.
//
//   auto se = std::make_shared<SqueezeExcite>(SqueezeExciteShape{.channels = 64, .reduced = 16});
#pragma once

#include <cstdint>

#include "stoker/models/convolutions.h"
#include "stoker/models/layer.h"
#include "stoker/nn/activation.h"

namespace stoker::models {

struct SqueezeExciteShape {
  int64_t channels = 0, reduced = 0;
  const char* reduce_name = "fc1";
  const char* expand_name = "fc2";
  nn::Activation activation = nn::Activation::kRelu;
  nn::Activation gate = nn::Activation::kSigmoid;
};

class SqueezeExcite : public Layer {
 public:
  explicit SqueezeExcite(const SqueezeExciteShape& shape);
  at::Tensor forward(const at::Tensor& x, bool keep) override;

 private:
  nn::Activation activation_, gate_;
  Conv reduce_, expand_;
};

}  // namespace stoker::models

// Halving a map so that small shifts of the image change little (Zhang, "Making Convolutional
// Networks Shift-Invariant Again", 2019): a blur by [1, 2, 1] / 4 each way, then each second pixel.
#pragma once

#include "stoker/models/layer.h"

namespace stoker::models {

class BlurPool : public Layer {
 public:
  // x: [N, C, H, W], at least 2 x 2; edges are mirrored. Returns [N, C, ceil(H / 2), ceil(W / 2)].
  at::Tensor forward(const at::Tensor& x, bool keep) override;
};

}  // namespace stoker::models

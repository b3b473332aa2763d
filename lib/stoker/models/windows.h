// Attention within windows of a map of tokens, as Swin has it.
//
//   const WindowShape shape = WindowShape::of({14, 14}, 7, /*shifted=*/true);
//   attn_ = register_module("attn", std::make_shared<WindowAttention>(96, 3, shape));
//   y = attn_->forward(x);   // x: [N, 14, 14, 96]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "stoker/models/tokens.h"

namespace stoker::models {

struct MapSize {
  int64_t height = 0;
  int64_t width = 0;
};

struct WindowShape {
  MapSize map, window, shift;

  // Windows of `side` that are moved by half of it, or as large as the map where that is smaller.
  static WindowShape of(const MapSize& map, int64_t side, bool shifted);
  MapSize padded() const;  // the map, to whole windows
};

// "qkv" and "proj", and a bias by the distance of two tokens, "relative_position_bias_table".
class WindowAttention : public torch::nn::Module {
 public:
  WindowAttention(int64_t width, int64_t heads, const WindowShape& shape);
  // x: [N, height, width, C] of the shape's map; the same shape out.
  at::Tensor forward(const at::Tensor& x);

 private:
  at::Tensor bias(const at::Tensor& x);
  at::Tensor attend(const at::Tensor& windows);

  WindowShape shape_;
  int64_t heads_;
  at::Tensor table_;
  Linear qkv_, proj_;
  at::Tensor index_;  // [tokens * tokens], the rows of the table
  at::Tensor
      mask_;  // [windows, 1, tokens, tokens], -100 between parts that a shift brought together
};

}  // namespace stoker::models

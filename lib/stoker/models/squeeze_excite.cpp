#include "stoker/models/squeeze_excite.h"

#include <ATen/ops/mean.h>

namespace stoker::models {

SqueezeExcite::SqueezeExcite(const SqueezeExciteShape& shape)
    : activation_(shape.activation), gate_(shape.gate) {
  reduce_ = register_module(shape.reduce_name,
                            make_conv({.in = shape.channels, .out = shape.reduced, .bias = true}));
  expand_ = register_module(shape.expand_name,
                            make_conv({.in = shape.reduced, .out = shape.channels, .bias = true}));
}

at::Tensor SqueezeExcite::forward(const at::Tensor& x, bool) {
  const at::Tensor means = x.mean({2, 3}, /*keepdim=*/true);
  const at::Tensor hidden = nn::activate(activation_, reduce_->forward(means));
  return x * nn::activate(gate_, expand_->forward(hidden));
}

}  // namespace stoker::models

// Activation functions a config can name.
//
//   struct MlpOptions { nn::Activation activation = nn::Activation::kRelu; };
//   x = nn::activate(options.activation, x);
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string_view>

namespace stoker::nn {

enum class Activation { kRelu, kSigmoid, kTanh, kGelu, kSilu };
std::span<const std::string_view> enum_names(Activation);  // relu, sigmoid, tanh, gelu, silu

// Elementwise; GELU is the exact one, x * Phi(x). Same shape, dtype and memory format as `x`.
at::Tensor activate(Activation activation, const at::Tensor& x);

}  // namespace stoker::nn

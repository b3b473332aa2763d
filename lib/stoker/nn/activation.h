// Activation functions a config can name.
//
//   struct MlpOptions { nn::Activation activation = nn::Activation::kRelu; };
//   x = nn::activate(options.activation, x);
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <span>
#include <string_view>

#include "stoker/kernels/channels.h"

namespace stoker::nn {

enum class Activation {
  kRelu,
  kSigmoid,
  kTanh,
  kGelu,
  kSilu,
  kHardSwish,    // x * hard_sigmoid(x)
  kHardSigmoid,  // min(max(x + 3, 0), 6) / 6
  kRelu6,        // min(max(x, 0), 6)
  kIdentity,
  kGeluTanh,  // GELU by its approximation with tanh
};
// relu, sigmoid, tanh, gelu, silu, hard_swish, hard_sigmoid, relu6, identity, gelu_tanh
std::span<const std::string_view> enum_names(Activation);

// Elementwise; kGelu is the exact one, x * Phi(x). Same shape, dtype and memory format as `x`.
at::Tensor activate(Activation activation, const at::Tensor& x);

// activation(x + bias) for x: [N, C, H, W] and bias: [C] float32; same dtype and layout as x. One
// pass on the CPU, for ReLU and GELU of float32 and bfloat16 in channels_last. Differentiable once.
at::Tensor bias_activate(const at::Tensor& bias, Activation activation, const at::Tensor& x);

// The kernels' name for it, where they have it.
std::optional<kernels::Gate> gate_of(Activation activation);

}  // namespace stoker::nn

#include "stoker/nn/activation.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/hardsigmoid.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/relu6.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tanh.h>

#include <array>

#include "stoker/core/error.h"

namespace stoker::nn {

std::span<const std::string_view> enum_names(Activation) {
  static constexpr std::array<std::string_view, 10> kNames{
      "relu",       "sigmoid",      "tanh",  "gelu",     "silu",
      "hard_swish", "hard_sigmoid", "relu6", "identity", "gelu_tanh"};
  return kNames;
}

at::Tensor activate(Activation activation, const at::Tensor& x) {
  switch (activation) {
    case Activation::kRelu:
      return at::relu(x);
    case Activation::kSigmoid:
      return at::sigmoid(x);
    case Activation::kTanh:
      return at::tanh(x);
    case Activation::kGelu:
      return at::gelu(x);
    case Activation::kSilu:
      return at::silu(x);
    case Activation::kHardSwish:
      return at::hardswish(x);
    case Activation::kHardSigmoid:
      return at::hardsigmoid(x);
    case Activation::kRelu6:
      return at::relu6(x);
    case Activation::kIdentity:
      return x;
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
  }
  throw InternalError(fmt::format("no such activation: {}", static_cast<int>(activation)));
}

std::optional<kernels::Gate> gate_of(Activation activation) {
  if (activation == Activation::kRelu) return kernels::Gate::kRelu;
  if (activation == Activation::kGelu) return kernels::Gate::kGelu;
  if (activation == Activation::kIdentity) return kernels::Gate::kNone;
  return std::nullopt;
}

}  // namespace stoker::nn

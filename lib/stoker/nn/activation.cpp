#include "stoker/nn/activation.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tanh.h>

#include <array>

#include "stoker/core/error.h"

namespace stoker::nn {

std::span<const std::string_view> enum_names(Activation) {
  static constexpr std::array<std::string_view, 5> kNames{"relu", "sigmoid", "tanh", "gelu",
                                                          "silu"};
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
  }
  throw InternalError(fmt::format("no such activation: {}", static_cast<int>(activation)));
}

std::optional<kernels::Gate> gate_of(Activation activation) {
  if (activation == Activation::kRelu) return kernels::Gate::kRelu;
  if (activation == Activation::kGelu) return kernels::Gate::kGelu;
  return std::nullopt;
}

}  // namespace stoker::nn

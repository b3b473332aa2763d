#include "stoker/nn/activation.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>

#include "support/catch.h"

namespace stoker::nn {
namespace {

double formula(Activation activation, double x) {
  switch (activation) {
    case Activation::kRelu:
      return x > 0 ? x : 0;
    case Activation::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kGelu:
      return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::kHardSwish:
      return x * std::min(std::max(x + 3, 0.0), 6.0) / 6;
    case Activation::kHardSigmoid:
      return std::min(std::max(x + 3, 0.0), 6.0) / 6;
    case Activation::kRelu6:
      return std::min(std::max(x, 0.0), 6.0);
    case Activation::kIdentity:
      return x;
    case Activation::kGeluTanh:  // Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016
      return x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
  }
  return std::nan("");
}

TEST_CASE("activations are their formulas", "[nn]") {
  const auto names = enum_names(Activation{});
  REQUIRE(names.size() == 10);
  for (int i = 0; i < 10; ++i) {
    const auto activation = static_cast<Activation>(i);
    for (const double x : {-30.0, -2.5, -1e-3, 0.0, 0.7, 4.0, 50.0}) {
      INFO(names[static_cast<size_t>(i)] << " at " << x);
      const at::Tensor y = activate(activation, at::full({1}, x, at::kDouble));
      CHECK(y.item<double>() == Approx(formula(activation, x)).margin(1e-15));
    }
  }
  CHECK(names[3] == "gelu");
}

TEST_CASE("activations keep dtype and memory format", "[nn]") {
  const at::Tensor x =
      at::full({2, 3, 5, 7}, 0.5, at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast);
  for (int i = 0; i < 10; ++i) {
    const at::Tensor y = activate(static_cast<Activation>(i), x);
    CHECK(y.scalar_type() == at::kBFloat16);
    CHECK(y.is_contiguous(at::MemoryFormat::ChannelsLast));
  }
}

}  // namespace
}  // namespace stoker::nn

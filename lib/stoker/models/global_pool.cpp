#include "stoker/models/global_pool.h"

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/amax.h>

#include <array>

#include "stoker/core/error.h"

namespace stoker::models {

std::span<const std::string_view> enum_names(Pool) {
  static constexpr std::array<std::string_view, 4> kNames{"avg", "max", "avgmax", "gem"};
  return kNames;
}

at::Tensor global_pool(Pool pool, const at::Tensor& x) {
  constexpr double kPower = 3, kLeast = 1e-6;  // of the paper's implementation
  switch (pool) {
    case Pool::kAvg:
      return at::adaptive_avg_pool2d(x, {1, 1});
    case Pool::kMax:
      return x.amax({2, 3}, /*keepdim=*/true);
    case Pool::kAvgMax:
      return 0.5 * (at::adaptive_avg_pool2d(x, {1, 1}) + x.amax({2, 3}, /*keepdim=*/true));
    case Pool::kGem:
      return at::adaptive_avg_pool2d(x.clamp_min(kLeast).pow(kPower), {1, 1}).pow(1 / kPower);
  }
  throw InternalError(fmt::format("no such pooling: {}", static_cast<int>(pool)));
}

}  // namespace stoker::models

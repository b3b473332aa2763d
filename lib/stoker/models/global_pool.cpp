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

void describe_pool(Pool& pool, config::Fields& fields) {
  fields("pool", pool,
         "what each channel gives to the classifier: its mean, its maximum, the mean of both, or "
         "the generalized mean of power 3");
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

at::Tensor global_pool_of_tokens(Pool pool, const at::Tensor& x) {
  if (pool == Pool::kAvg) return x.mean({1, 2});
  return global_pool(pool, x.permute({0, 3, 1, 2})).flatten(1);
}

}  // namespace stoker::models

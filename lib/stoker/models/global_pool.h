// What becomes of a map of features before the classifier.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string_view>

#include "stoker/config/fields.h"

namespace stoker::models {

enum class Pool {
  kAvg,
  kMax,
  kAvgMax,  // the mean of both
  kGem,     // generalized mean of power 3 (Radenović et al., 2018)
};
std::span<const std::string_view> enum_names(Pool);  // avg, max, avgmax, gem

void describe_pool(Pool& pool, config::Fields& fields);

// x: [N, C, H, W]; returns [N, C, 1, 1].
at::Tensor global_pool(Pool pool, const at::Tensor& x);
// x: [N, H, W, C]; returns [N, C].
at::Tensor global_pool_of_tokens(Pool pool, const at::Tensor& x);

}  // namespace stoker::models

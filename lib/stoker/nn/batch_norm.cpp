#include "stoker/nn/batch_norm.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

namespace stoker::nn {

BatchNorm::BatchNorm(int64_t channels, const BatchNormOptions& options) : options_(options) {
  if (options.scale) weight = register_parameter("weight", at::ones({channels}));
  bias = register_parameter("bias", at::zeros({channels}));
  running_mean = register_buffer("running_mean", at::zeros({channels}));
  running_var = register_buffer("running_var", at::ones({channels}));
  num_batches_tracked = register_buffer("num_batches_tracked", at::zeros({}, at::kLong));
}

at::Tensor BatchNorm::forward(const at::Tensor& x) {
  const bool learns = bias.requires_grad() || (weight.defined() && weight.requires_grad());
  const bool by_batch = is_training() && learns;
  if (by_batch) num_batches_tracked.add_(1);
  return at::batch_norm(x, weight, bias, running_mean, running_var, by_batch, options_.momentum,
                        options_.eps, /*cudnn_enabled=*/true);
}

}  // namespace stoker::nn

// Batch normalization with or without a learned scale (Ioffe and Szegedy, "Batch Normalization",
// 2015, algorithm 1), named as PyTorch names it: weight, bias, running_mean, running_var,
// num_batches_tracked.
//
//   auto norm = register_module("norm1", std::make_shared<BatchNorm>(64, BatchNormOptions{}));
//   x = norm->forward(conv->forward(x));
//
// LibTorch's own can only leave out weight and bias together.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>

namespace stoker::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  double momentum = 0.1;  // share of the new batch in the running statistics, as in PyTorch
  bool scale = true;      // learn `weight`; without it there is no such parameter
};

class BatchNorm : public torch::nn::Module {
 public:
  BatchNorm(int64_t channels, const BatchNormOptions& options);

  // x: [N, channels] or [N, channels, H, W], fp32 or a lower precision; same shape and dtype out.
  // In training mode normalizes by the batch (more than one value a channel) and updates the
  // running statistics; in eval mode normalizes by those. While none of its parameters requires a
  // gradient it is frozen, and training mode is as eval mode.
  at::Tensor forward(const at::Tensor& x);

  at::Tensor weight;  // undefined without scale
  at::Tensor bias;
  at::Tensor running_mean, running_var, num_batches_tracked;

 private:
  BatchNormOptions options_;
};

}  // namespace stoker::nn

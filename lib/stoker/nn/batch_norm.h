// Batch normalization with or without a learned scale (Ioffe and Szegedy, "Batch Normalization",
// 2015, algorithm 1), named as PyTorch names it: weight, bias, running_mean, running_var,
// num_batches_tracked.
//
//   auto norm = register_module("norm1", std::make_shared<BatchNorm>(64, BatchNormOptions{}));
//   x = norm->forward(conv->forward(x));
//   x = nn::norm_activate(*norm, Activation::kRelu, conv->forward(x));  // the same and ReLU
//
// LibTorch's own can only leave out weight and bias together. On the CPU, for float32 and bfloat16
// in channels_last, both are our own kernels (nn/fused_norm.h).
#pragma once

#include <torch/nn/module.h>

#include <cstdint>

#include "stoker/nn/activation.h"
#include "stoker/nn/norm_peers.h"

namespace stoker::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  double momentum = 0.1;  // share of the new batch in the running statistics, as in PyTorch
  bool scale = true;      // learn `weight`; without it there is no such parameter
};

struct NormState;

class BatchNorm : public torch::nn::Module {
 public:
  BatchNorm(int64_t channels, const BatchNormOptions& options);

  // x: [N, channels] or [N, channels, H, W], fp32 or a lower precision; same shape and dtype out.
  // In training mode normalizes by the batch (more than one value a channel) and updates the
  // running statistics; in eval mode normalizes by those. While none of its parameters requires a
  // gradient it is frozen, and training mode is as eval mode.
  at::Tensor forward(const at::Tensor& x);

  // What training statistics are of from now on, instead of the images of each call alone.
  void set_span(const NormSpan& span) { span_ = span; }
  const NormSpan& span() const { return span_; }

  double eps() const { return options_.eps; }
  // Share of the new batch in the running statistics.
  double momentum() const { return options_.momentum; }
  void set_momentum(double momentum) { options_.momentum = momentum; }

  NormState state() const;  // for norm_activate
  // Whether one of its parameters requires a gradient.
  bool learns() const {
    return bias.requires_grad() || (weight.defined() && weight.requires_grad());
  }

  at::Tensor weight;  // undefined without scale
  at::Tensor bias;
  at::Tensor running_mean, running_var, num_batches_tracked;

 private:
  at::Tensor normalize(const NormState& norm, const at::Tensor& x);

  BatchNormOptions options_;
  NormSpan span_;
};

// Gives all norms in `module` this span.
void set_norm_span(torch::nn::Module& module, const NormSpan& span);

// activation(norm(x) + residual); residual: of x's shape and dtype, or undefined for none.
at::Tensor norm_activate(BatchNorm& norm, Activation activation, const at::Tensor& x,
                         const at::Tensor& residual = {});

}  // namespace stoker::nn

// Arithmetic cost of a network.
#pragma once

#include "stoker/models/model.h"

namespace stoker::models {

// Multiply-adds counted as two operations, of convolutions and matrix products in one forward pass
// over one image. Measured by watching the operators of a pass over zeros of shape
// [1, channels, height, width] on the model's device; the model is put into eval mode meanwhile.
int64_t forward_flops(Model& model, const ModelContext& context);

// Operators of LibTorch that one forward pass calls, those that these call not counted: what a host
// starts on a GPU.
int64_t forward_operators(Model& model, const ModelContext& context);

// The same operations of training on one image, of one forward pass with gradients.
struct TrainingFlops {
  int64_t forward = 0;
  // The forward pass, and twice that for the backward pass through what depends on weights that
  // learn. Nothing that is computed again counts.
  int64_t step = 0;
  // Of the forward pass, what the model's rung (model.h, Recompute) computes again.
  int64_t recomputed = 0;
};
TrainingFlops training_flops(Model& model, const ModelContext& context);

// Number of learned values (parameters that require a gradient).
int64_t parameter_count(const Model& model);

}  // namespace stoker::models

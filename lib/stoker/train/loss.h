// Losses, summed over samples so that the caller decides what to divide by.
#pragma once

#include <ATen/core/Tensor.h>

#include "stoker/train/options.h"

namespace stoker::train {

// logits: [n, classes] of any floating dtype; computed in float32. labels: [n] int64.
// Returns the loss of each sample, [n] float32.
//
// Cross-entropy with smoothing e: targets 1 - e + e/classes for the label, e/classes elsewhere
// (Szegedy et al. 2016, section 7). BCE: the mean over classes of binary cross-entropies against
// the same targets.
at::Tensor loss_per_sample(LossKind kind, double label_smoothing, const at::Tensor& logits,
                           const at::Tensor& labels);

}  // namespace stoker::train

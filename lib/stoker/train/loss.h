// Losses, summed over samples so that the caller decides what to divide by.
#pragma once

#include <ATen/core/Tensor.h>

#include "stoker/train/options.h"

namespace stoker::train {

// logits: [n, classes] of any floating dtype; computed in float32. targets: labels as [n] int64, or
// the share of each class as [n, classes] float32. Returns the loss of each sample, [n] float32.
//
// Cross-entropy with smoothing e: targets t become (1 - e) t + e/classes, where a label is 1 for
// its class and 0 elsewhere (Szegedy et al. 2016, section 7). BCE: the mean over classes of binary
// cross-entropies against the same targets.
at::Tensor loss_per_sample(LossKind kind, double label_smoothing, const at::Tensor& logits,
                           const at::Tensor& targets);

}  // namespace stoker::train

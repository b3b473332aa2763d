// One prediction from those of several views of an image (test-time augmentation).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "stoker/losses/loss.h"
#include "stoker/ops/batch.h"

namespace stoker::train {

struct AveragedViews {
  at::Tensor logits;             // [images, classes]
  at::Tensor labels;             // [images] int64
  std::vector<int64_t> samples;  // [images]
};

// logits: [n, classes] of the batch's n views; views of a sample are neighbours, mostly `views` of
// them, fewer where some could not be read. Probabilities are averaged as the loss means them, and
// come back as logits that give the average, float32. views = 1 returns what came in.
AveragedViews average_views(const at::Tensor& logits, const ops::TensorBatch& batch, int64_t views,
                            const losses::Loss& loss);

}  // namespace stoker::train

// The images of one forward pass, from the loader until their gradients are there.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace stoker::train {

// Lives in GradientPass for as long as the pass works on it, and no longer: on the CPU the images
// are the loader's own memory (ops/batch.h).
struct MicroBatch {
  int64_t number = 0;  // within the step, from 0
  at::Tensor images;   // [n, C, H, W]
  at::Tensor labels;   // [n] int64
  // [n, classes] float32 where images may have several labels; else undefined, and an algorithm may
  // set it for the loss.
  at::Tensor targets;
  bool is_mixed = false;  // of two images each, by an algorithm
  // At kLossReady alone: what the network said, and the loss of each image, [n] float32, which an
  // algorithm may set to another.
  at::Tensor logits, losses;
};

// What the loss compares with: the targets where there are any, else the labels.
inline const at::Tensor& targets_of(const MicroBatch& batch) {
  return batch.targets.defined() ? batch.targets : batch.labels;
}

}  // namespace stoker::train

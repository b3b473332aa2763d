// What a run's memory is made of (memory.h counts it).
#pragma once

#include <cstdint>

namespace stoker::run {

// Bytes of tensors.
struct MemoryParts {
  int64_t parameters = 0;              // and buffers; this rank's
  int64_t gradients = 0;               // this rank's
  int64_t optimizer_state = 0;         // this rank's
  int64_t exchange = 0;                // buffers of what goes to other ranks
  int64_t teacher = 0;                 // of distillation
  int64_t averages = 0;                // and what else algorithms keep
  int64_t activations_per_image = 0;   // that stay for the backward pass (models/activations.h)
  int64_t recomputable_per_image = 0;  // of them, what memory.checkpoint=blocks would not keep
  int64_t in_flight = 1;               // micro-batches that keep theirs at a time
  double kept_share = 1;  // by the model's rung, of what a pass without recomputation would keep

  int64_t fixed() const {
    return parameters + gradients + optimizer_state + exchange + teacher + averages;
  }
  int64_t with_microbatch(int64_t images) const {
    return fixed() + in_flight * images * activations_per_image;
  }
};

}  // namespace stoker::run

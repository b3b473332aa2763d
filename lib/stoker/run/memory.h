// What a run's memory is made of, and what the `memory:` section asks of the device.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

#include "stoker/run/session.h"
#include "stoker/train/memory_options.h"

namespace stoker::run {

// The limit, or none, and CUDA's allocator settings, for the process from now on. Before the
// device's first use.
void apply_memory_options(const train::MemoryOptions& options, c10::Device device);

// Bytes of tensors.
struct MemoryParts {
  int64_t parameters = 0;  // and buffers
  int64_t gradients = 0;
  int64_t optimizer_state = 0;
  int64_t averages = 0;                // and what else algorithms keep
  int64_t activations_per_image = 0;   // estimate from above (models/activations.h)
  int64_t recomputable_per_image = 0;  // of them, what memory.checkpoint=blocks would not keep

  int64_t fixed() const { return parameters + gradients + optimizer_state + averages; }
  int64_t with_microbatch(int64_t images) const { return fixed() + images * activations_per_image; }
};
// The share of what a pass without recomputation keeps for the backward pass that the model's rung
// (models/model.h, Recompute) keeps.
double kept_share(const Session& session);

MemoryParts memory_parts(const Session& session);

// "about 210 MiB: 45 MiB of parameters, 45 MiB of gradients, …"
std::string memory_text(const Session& session);

// For a run of which not even the smallest micro-batch fits: the three changes of its configuration
// that would save most, and how much each. parts: counted while there was memory to count them.
std::string memory_advice(const Session& session, const MemoryParts& parts);

}  // namespace stoker::run

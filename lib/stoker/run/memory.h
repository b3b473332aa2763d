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

// Takes passes over an image or two. A session has them already (session.h).
MemoryParts memory_parts(const Session& session);

// "about 210 MiB: 45 MiB of parameters, 45 MiB of gradients, …"
std::string memory_text(const Session& session);

// For a run of which not even the smallest micro-batch fits: the three changes of its configuration
// that would save most, and how much each.
std::string memory_advice(const Session& session);

}  // namespace stoker::run

// What one training step, or one batch of an evaluation, needs with a given size: real passes on
// made-up images, after which everything is as it was, bit for bit: weights, running statistics,
// optimizer and scaler state, averages, random state, and where the data stand.
//
//   const Probe probe = probe_step(session, {.microbatch = 8, .micro_batches = 2});
//   probes.push_back({8, probe.peak_bytes});   // a line through some of these predicts others
#pragma once

#include <cstdint>

#include "stoker/run/session.h"

namespace stoker::run {

struct ProbeOptions {
  int64_t microbatch = 1;
  // Of a step. With several the gradients of those before are there while one is worked on, so that
  // the peak is higher than that of a step in one.
  int64_t micro_batches = 2;
  int64_t steps = 2;  // the last one is timed; the first makes oneDNN's and cuDNN's plans
  // What the allocator keeps goes back first, so that peaks are those of this size; without it,
  // time is that of a step amid others.
  bool measures_memory = true;
};

struct Probe {
  int64_t peak_bytes = 0;  // of the device, all that lives there included; 0: not measured
  int64_t images = 0;      // of a step
  double time_s = 0;       // of a step
  double update_s = 0;     // of which the update took
};

// Forward, backward and update on images of the session's context, the largest size of
// progressive_resizing. The update is calculated and left out, as one of which the gradients
// overflowed. Throws OutOfMemory, and leaves everything as it was even then.
Probe probe_step(Session& session, const ProbeOptions& options);

// One forward pass in eval mode, with the weights that evaluation uses. batch_size counts views.
Probe probe_evaluation(Session& session, int64_t batch_size);

}  // namespace stoker::run

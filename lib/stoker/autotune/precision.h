// Which arithmetic and layout is fastest on this device at equal loss.
//
//   for (const PrecisionResult& row : compare_precisions(config, {.steps = 10})) …
//
// Each combination trains the same first steps of the run from the same weights. One whose loss
// departs from that of fp32 is refused, however fast. One but fp32 in the config's layout that
// turns out to be three times slower than another is given up after a few steps.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "stoker/run/run_config.h"

namespace stoker::autotune {

struct PrecisionOptions {
  int64_t steps = 10;       // whose losses are compared; the first is not timed
  double tolerance = 0.05;  // of the mean loss over the second half of the steps
  std::function<void(const std::string&)> say;
};

struct PrecisionResult {
  train::Precision precision = train::Precision::kFp32;
  bool channels_last = true;
  double images_per_s = 0;  // median over the steps
  int64_t peak_bytes = 0;   // of the device
  double loss = 0;          // mean over the second half of the steps; NaN: given up before
  bool is_refused = false;
  std::string reason;  // of a refusal
};

// The combinations that the device can compute, fp32 in the config's layout first. Throws
// Interrupted on a signal, and what building a session throws.
std::vector<PrecisionResult> compare_precisions(const run::RunConfig& config,
                                                const PrecisionOptions& options);

// The fastest that is not refused: an index into the list.
size_t fastest(const std::vector<PrecisionResult>& results);

}  // namespace stoker::autotune

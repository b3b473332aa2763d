// The micro-batch that fits, and from where on a larger one stops paying, measured on the session's
// own network, which is afterwards as it was (run/probe.h).
//
//   const MicrobatchTuning found = tune_microbatch(session, {.budget_s = 30});
//   found.microbatch;           // the smallest whose rate is at least 97 % of the best
//   found.largest_microbatch;   // proved by a real step
//
// Memory comes first: steps with a few small micro-batches, far below the limit, give a line, which
// says what fits (tuning/line_fit.h); a real step with that size proves it. Then images/s over
// sizes up to it, in rounds that have every size once; those that are far off after two rounds are
// left out of the others (tuning/knee.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "stoker/run/session.h"
#include "stoker/tuning/knee.h"
#include "stoker/tuning/line_fit.h"

namespace stoker::autotune {

struct MemoryFit {
  tuning::Line line;  // peak bytes of a step in several micro-batches, over their size
  double seconds_per_image = 0;
};
// Over sizes from the network's smallest to `largest`, of which those are tried that surely take no
// more than half of limit_bytes. Throws as tune_microbatch.
MemoryFit fit_memory(run::Session& session, int64_t largest, int64_t limit_bytes,
                     const std::function<void(const std::string&)>& say = nullptr);

// Peak bytes of an evaluation over its batch, from three small ones. Throws OutOfMemory.
tuning::Line fit_evaluation(run::Session& session);

struct MicrobatchOptions {
  double budget_s = 30;  // about, for the timing
  int64_t largest = 0;   // sizes beyond are not looked at; 0: the session's batch
  int64_t least_rounds = 5, most_rounds = 9;
  tuning::Margin margin;
  std::function<void(const std::string&)> say;  // what is done now; may be none
};

struct SizeResult {
  int64_t microbatch = 0;
  tuning::MedianInterval images_per_s;
  int64_t peak_bytes = 0;  // of a step in several micro-batches of this size, measured
  int64_t rounds = 0;      // that had this size
};

struct MicrobatchTuning {
  int64_t microbatch = 0;  // the knee
  double images_per_s = 0;
  int64_t largest_microbatch = 0;  // that fits, of those looked at
  bool is_limited_by_memory = false;
  int64_t predicted_peak_bytes = 0, measured_peak_bytes = 0;  // with the largest
  int64_t limit_bytes = 0, margin_bytes = 0;
  tuning::Line memory;
  std::vector<SizeResult> curve;  // ascending
  int64_t rounds = 0;             // that the knee is found by
  std::string reason;             // a sentence
};

// Throws OutOfMemory, with what would save most, where not even the smallest micro-batch fits;
// Interrupted on a signal.
MicrobatchTuning tune_microbatch(run::Session& session, const MicrobatchOptions& options);

}  // namespace stoker::autotune

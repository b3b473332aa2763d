// Whether a trial that is under way is worse than most others were at the same point.
//
//   is_behind(curve, others, {.lower_is_better = false}, 1.0);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace stoker::search {

// A trial's evaluations, in order. `at` counts images in epochs, so that trials of different batch
// sizes compare.
struct CurvePoint {
  double at = 0;
  double value = 0;
};
using Curve = std::vector<CurvePoint>;

struct PruneOptions {
  bool lower_is_better = false;
  int64_t startup_trials = 4;  // others that must have come as far
  double warmup_epochs = 1;    // nothing is judged before
};

// Whether the best value so far of `curve` is worse than the median of the others' best at the
// point where it now is. False while too few of them have come as far.
bool is_behind(const Curve& curve, std::span<const Curve> others, const PruneOptions& options);

}  // namespace stoker::search

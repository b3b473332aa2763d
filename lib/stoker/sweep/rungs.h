// Successive halving over a register's trials: which go on to their next rung and which are out.
//
//   for (Trial& trial : advanced(trials, rules)) …
#pragma once

#include <span>
#include <vector>

#include "stoker/search/halving.h"
#include "stoker/sweep/trial.h"

namespace stoker::sweep {

// The trials that a decision changes, as they are after it; to be noted in one step. A setting's
// value is the mean over its trials that did not fail.
std::vector<Trial> advanced(std::span<const Trial> trials, const search::HalvingRules& rules);

}  // namespace stoker::sweep

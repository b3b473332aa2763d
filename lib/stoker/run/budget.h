// The limits that may end a run early, as far as a configuration alone can tell that they work.
#pragma once

#include "stoker/run/run_config.h"

namespace stoker::run {

// Throws ConfigError for train.max_time that is no duration, and for a limit of energy or money
// without what measures it.
void check_budgets(const RunConfig& config);

}  // namespace stoker::run

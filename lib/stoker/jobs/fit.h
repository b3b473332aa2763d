// Whether this machine can train a configuration, how fast, and what would: `stoker doctor CONFIG`.
#pragma once

#include "stoker/monitor/fit_report.h"
#include "stoker/run/run_config.h"

namespace stoker::jobs {

// Builds the training without a step of it, and measures the device's rates. A device that the
// configuration asks for and that is not there leaves `here` empty; all else that training would be
// refused for throws as there.
monitor::FitReport fit_training(const run::RunConfig& config);

}  // namespace stoker::jobs

// What dist.local_steps asks of a run.
#pragma once

#include <string>

#include "stoker/run/session.h"

namespace stoker::run {

// Throws ConfigError, naming both keys, for what wants gradients of all ranks at each step.
void check_local_steps(const RunConfig& config);

// For the plan: "each rank takes 8 steps of 64 images by itself, then all take the mean of their
// weights and states (…)"; "" where ranks exchange gradients.
std::string local_steps_text(const Session& session);

}  // namespace stoker::run

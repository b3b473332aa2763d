// What a configuration is refused for by its words alone: before data, weights or a device are
// looked at, with the same words by `config check`, `train --dry-run` and `train`.
#pragma once

#include "stoker/run/run_config.h"

namespace stoker::run {

// Throws ConfigError for a value that its own limits let pass and no training can go by, and for
// two options that exclude each other.
void check_options(const RunConfig& config);

}  // namespace stoker::run

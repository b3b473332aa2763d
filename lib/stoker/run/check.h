// What a configuration is refused for whatever its data hold.
#pragma once

#include "stoker/run/run_config.h"

namespace stoker::run {

// Builds everything but the data: the augmentations, the model for images of the size that they
// make, its optimizer, schedule and algorithms. What a start of training refuses without looking at
// data is refused here with the same words. Throws ConfigError.
void check_config(const RunConfig& config);

}  // namespace stoker::run

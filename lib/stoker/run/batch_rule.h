// The learning rate follows the batch: what tune.base_batch_size and tune.lr_rule ask for, as
// numbers.
//
//   for (const std::string& line : follow_batch(config)) log().info("{}", line);
#pragma once

#include <string>
#include <vector>

#include "stoker/run/run_config.h"

namespace stoker::run {

// train.batch_size: auto that has not been found yet becomes the batch that the recipe was made
// for, tune.base_batch_size. Throws ConfigError where there is none.
void begin_at_base_batch(RunConfig& config);

// Where train.batch_size differs from the batch that the recipe was made for, sets optimizer.lr and
// the decay of an `ema` by the rule (tuning/lr_scaling.h) and unsets tune.base_batch_size, so that
// what is written down holds the numbers and is not scaled again. Warmups are counted in epochs and
// stay as they are. Returns a line for each value that changed. train.batch_size must be a number.
std::vector<std::string> follow_batch(RunConfig& config);

}  // namespace stoker::run

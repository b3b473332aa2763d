// What is asked of an image: its one class, or which of the classes apply (`task: multilabel`).
#pragma once

#include "stoker/config/values.h"
#include "stoker/run/run_config.h"

namespace stoker::run {

// Fills in what follows from the task where no key says otherwise: the loss and the metric that
// decides what is best.
void settle_task(RunConfig& config, const config::Provenance& provenance);

// Throws ConfigError for keys that do not go with the task.
void check_task(const RunConfig& config);

// Those of the config, with what they need to know of the task.
data::DataOptions data_options(const RunConfig& config);

}  // namespace stoker::run

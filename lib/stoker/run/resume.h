// What may change between a run and its continuation.
#pragma once

#include "stoker/run/folder.h"
#include "stoker/run/run_config.h"

namespace stoker::run {

// Logs every key whose value differs from the folder's config.yaml. Throws ConfigError listing
// those that must stay, each with its reason.
void check_resume(const RunFolder& folder, RunConfig& now);

}  // namespace stoker::run

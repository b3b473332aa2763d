// A sweep as it stands, for whoever only looks while others work on it.
#pragma once

#include <filesystem>
#include <vector>

#include "stoker/sweep/plan.h"
#include "stoker/sweep/trial.h"

namespace stoker::sweep {

struct SweepStatus {
  SweepPlan plan;
  std::vector<Trial> trials;
};

// The register's, and what trials that run without a coordinator have left in their folders. Writes
// nothing. Throws ConfigError for a folder that is no sweep's.
SweepStatus read_status(const std::filesystem::path& folder, const std::string& metric);

// Whether this is the folder of a sweep.
bool is_sweep(const std::filesystem::path& folder);

}  // namespace stoker::sweep

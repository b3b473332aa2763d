// From a command line to a sweep's folder with its register: a new one, or the one that the same
// command began before.
//
//   OpenSweep sweep = open_sweep({.config = "a.yaml", .plan = plan, .program = program});
//   Coordinator(sweep.book, {.folder = sweep.folder, …}).run();
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "stoker/runs/lock.h"
#include "stoker/sweep/plan.h"
#include "stoker/sweep/register.h"

namespace stoker::sweep {

struct SweepRequest {
  std::filesystem::path config;
  SweepPlan plan;                    // without its base
  std::vector<std::string> program;  // the words that stand before "train"
  bool is_new = false;               // another one, whatever there is
};

struct OpenSweep {
  std::filesystem::path folder;  // <run.dir>/<name>/sweep-<n>
  runs::RunLock lock;
  Register book;
  bool is_new = false;
};

// Everything is checked before there is a folder: the base, and the configuration of every trial.
// Throws ConfigError for mistakes, for a sweep that is in use, and for one whose plan is another,
// with the keys that differ.
OpenSweep open_sweep(SweepRequest request);

// One that was begun, by its folder.
OpenSweep open_folder(const std::filesystem::path& folder);

// The newest sweep that this configuration has, finished or not; nothing where there is none.
// `fixed` are overrides that may say name and run.dir.
std::optional<std::filesystem::path> newest_sweep(const std::filesystem::path& config,
                                                  const std::vector<std::string>& fixed,
                                                  const std::vector<std::string>& program);

}  // namespace stoker::sweep

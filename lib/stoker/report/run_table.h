// What `stoker runs` prints.
//
//   fmt::print("{}", runs_text(runs::find_runs("runs"), std::chrono::system_clock::now()));
#pragma once

#include <chrono>
#include <span>
#include <string>

#include "stoker/runs/overview.h"

namespace stoker::report {

// A row a run: its folder, state, progress, best metric, rate and age; below the table why runs
// failed. most: rows that are shown, 0 for all; the rest is counted.
std::string runs_text(std::span<const runs::RunOverview> runs,
                      std::chrono::system_clock::time_point now, size_t most = 0);

// {"runs": [{"path": "runs/a/1", "name": "a", "state": "finished", "reason": "finished",
//   "error": "", "step": 186, "epoch": 6.0, "epochs": 6.0, "progress": 1.0, "train_time_s": 61.2,
//   "images_per_s": 789.1, "left_s": null, "metric": "val.top1", "best": 0.99, "best_step": 155,
//   "started": "2026-11-29T22:50:10Z", "updated": "…", "age_s": 12.5, "process": null}]}
// What is not known is null.
std::string runs_json(std::span<const runs::RunOverview> runs,
                      std::chrono::system_clock::time_point now, int indent = 2);

}  // namespace stoker::report

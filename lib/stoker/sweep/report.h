// A sweep's results for a person, for programs and as files.
//
//   fmt::print("{}", table_text(results, trials));
//   write_reports(folder, plan, trials, results);   // trials.csv, best.yaml, knee.yaml,
//   cheapest.yaml, and the SVG pictures
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "stoker/sweep/plan.h"
#include "stoker/sweep/results.h"
#include "stoker/sweep/trial.h"

namespace stoker::sweep {

// Counts of states, the table of settings, what was found about the keys.
std::string table_text(const Results& results, std::span<const Trial> trials);

// One object: trials, settings, pareto and best. `folder` is the sweep's.
std::string results_json(const std::filesystem::path& folder, const Results& results,
                         std::span<const Trial> trials);

// A line a trial, with the values of each key.
std::string trials_csv(const std::filesystem::path& folder, const SweepPlan& plan,
                       std::span<const Trial> trials);

// A setting of the results over the sweep's base.yaml, as a config that trains it.
std::string setting_yaml(const std::filesystem::path& folder, const Results& results,
                         size_t setting);

// Writes all of the above that are files. Throws FileError.
void write_reports(const std::filesystem::path& folder, const SweepPlan& plan,
                   std::span<const Trial> trials, const Results& results);

}  // namespace stoker::sweep

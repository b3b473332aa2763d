// What a sweep has found: its settings by their metric, with the spread over seeds, what is tied,
// what nothing beats in everything, and what the keys explain.
//
//   const Results results = results_of(plan, trials, "val.top1");
//   results.settings[*results.best].overrides;
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stoker/search/importance.h"
#include "stoker/search/statistics.h"
#include "stoker/sweep/plan.h"
#include "stoker/sweep/trial.h"

namespace stoker::sweep {

struct SettingResult {
  int64_t setting = 0;
  std::vector<std::string> overrides;  // without the seed
  std::vector<int64_t> trials;         // numbers of those that are done and measured
  search::Spread metric, time_s, peak_bytes;
  bool is_tied = false;  // with the first: the interval over seeds leaves it open which is better
  bool is_on_front = false;  // nothing is better in metric, time and memory at once
};

struct KeyImportance {
  std::string key;
  search::Importance importance;
};

struct Results {
  std::string metric;
  std::vector<SettingResult> settings;  // the best first; those with done trials alone
  std::optional<size_t> best;           // of settings: of those tied with the first the cheapest
  // Beside it, where there are times: the knee of the front of metric and time, and the fastest
  // whose accuracy is within half a point of the first's.
  std::optional<size_t> knee, cheapest;
  std::optional<int64_t> best_trial;  // the number of its best seed
  std::vector<KeyImportance> importance;

  std::vector<int64_t> front_trials() const;
};

// Trials that ended early (failed, pruned, at a rung) do not count: what they reached does not
// compare with what full trainings reach. Throws ConfigError for a metric that there is not.
Results results_of(const SweepPlan& plan, std::span<const Trial> trials, const std::string& metric);

}  // namespace stoker::sweep

#include "stoker/sweep/rungs.h"

#include <algorithm>

#include "stoker/core/error.h"

namespace stoker::sweep {

namespace {

bool takes_part(const Trial& trial) {
  return trial.state != TrialState::kFailed && trial.state != TrialState::kPruned;
}

search::SettingProgress progress_of(std::span<const Trial> trials, int64_t setting) {
  search::SettingProgress progress{.rung = 0, .values = {}, .is_out = true};
  std::vector<const Trial*> members;
  for (const Trial& trial : trials) {
    if (trial.setting != setting) continue;
    progress.rung = std::max(progress.rung, trial.rung);
    if (takes_part(trial)) members.push_back(&trial);
  }
  progress.is_out = members.empty();
  for (size_t rung = 0; !members.empty(); ++rung) {
    double sum = 0;
    for (const Trial* trial : members) {
      if (trial->rung_values.size() <= rung) return progress;
      sum += trial->rung_values[rung];
    }
    progress.values.push_back(sum / static_cast<double>(members.size()));
  }
  // One that is out keeps its place among those that entered a rung, and its values.
  for (const Trial& trial : trials)
    if (trial.setting == setting && trial.rung_values.size() > progress.values.size())
      progress.values = trial.rung_values;
  return progress;
}

}  // namespace

std::vector<Trial> advanced(std::span<const Trial> trials, const search::HalvingRules& rules) {
  int64_t settings = 0;
  for (const Trial& trial : trials) settings = std::max(settings, trial.setting + 1);
  std::vector<search::SettingProgress> progress;
  for (int64_t setting = 0; setting < settings; ++setting)
    progress.push_back(progress_of(trials, setting));
  const search::Decision decision = search::decide(progress, rules);
  std::vector<Trial> changed;
  for (Trial trial : trials) {
    if (!takes_part(trial)) continue;
    const auto setting = static_cast<size_t>(trial.setting);
    if (std::ranges::binary_search(decision.promoted, setting)) {
      ++trial.rung;
      trial.state = TrialState::kQueued;
      trial.reason.clear();
    } else if (std::ranges::binary_search(decision.eliminated, setting)) {
      trial.state = TrialState::kPruned;
      trial.reason = fmt::format("out at rung {} of {}", trial.rung + 1, rules.rungs);
    } else {
      continue;
    }
    changed.push_back(std::move(trial));
  }
  return changed;
}

}  // namespace stoker::sweep

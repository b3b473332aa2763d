#include "stoker/sweep/results.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "stoker/search/pareto.h"
#include "stoker/sweep/metric.h"

namespace stoker::sweep {

namespace {

// Whether it tells trainings of one setting apart, rather than settings.
bool is_repeat(const std::string& override, const SweepPlan& plan) {
  return override.starts_with("seed=") || (plan.folds && override.starts_with("data.fold="));
}

std::optional<double> metric_of(const Trial& trial, const std::string& metric) {
  const auto found = trial.metrics.find(metric);
  if (trial.state != TrialState::kDone || found == trial.metrics.end()) return std::nullopt;
  return std::isfinite(found->second) ? std::optional(found->second) : std::nullopt;
}

std::vector<SettingResult> settings_of(const SweepPlan& plan, std::span<const Trial> trials,
                                       const std::string& metric) {
  std::map<int64_t, std::vector<const Trial*>> members;
  for (const Trial& trial : trials)
    if (metric_of(trial, metric)) members[trial.setting].push_back(&trial);
  std::vector<SettingResult> settings;
  for (const auto& [number, list] : members) {
    SettingResult result{.setting = number, .overrides = list[0]->overrides, .trials = {}};
    std::erase_if(result.overrides,
                  [&](const std::string& override) { return is_repeat(override, plan); });
    std::vector<double> values, times, peaks;
    for (const Trial* trial : list) {
      result.trials.push_back(trial->number);
      values.push_back(*metric_of(*trial, metric));
      if (trial->train_time_s) times.push_back(*trial->train_time_s);
      if (trial->peak_bytes) peaks.push_back(static_cast<double>(*trial->peak_bytes));
    }
    result.metric = search::spread(values);
    result.time_s = search::spread(times);
    result.peak_bytes = search::spread(peaks);
    settings.push_back(std::move(result));
  }
  return settings;
}

double cost_or_none(const search::Spread& spread) {
  return spread.count > 0 ? spread.mean : std::nan("");
}

// The deviation over seeds, all settings together.
double pooled(const std::vector<SettingResult>& settings, search::Spread SettingResult::*of) {
  double squares = 0, degrees = 0;
  for (const SettingResult& setting : settings) {
    const search::Spread& spread = setting.*of;
    if (spread.count < 2) continue;
    squares += spread.deviation * spread.deviation * static_cast<double>(spread.count - 1);
    degrees += static_cast<double>(spread.count - 1);
  }
  return degrees > 0 ? std::sqrt(squares / degrees) : 0;
}

void mark_front(std::vector<SettingResult>& settings, bool lower_is_better) {
  std::vector<std::vector<double>> costs;
  for (const SettingResult& setting : settings)
    costs.push_back({lower_is_better ? setting.metric.mean : -setting.metric.mean,
                     cost_or_none(setting.time_s), cost_or_none(setting.peak_bytes)});
  const std::vector<double> tolerances{pooled(settings, &SettingResult::metric),
                                       pooled(settings, &SettingResult::time_s),
                                       pooled(settings, &SettingResult::peak_bytes)};
  for (const size_t i : search::pareto_front(costs, tolerances)) settings[i].is_on_front = true;
}

std::vector<KeyImportance> importance_of(const SweepPlan& plan, std::span<const Trial> trials,
                                         const std::string& metric) {
  const std::vector<std::string> names = plan.keys();
  std::vector<std::vector<std::string>> values(names.size());
  std::vector<double> metrics;
  for (const Trial& trial : trials) {
    const auto value = metric_of(trial, metric);
    if (!value) continue;
    metrics.push_back(*value);
    for (size_t k = 0; k < names.size(); ++k) {
      const auto found = std::ranges::find_if(trial.overrides, [&](const std::string& override) {
        return override.starts_with(names[k] + "=");
      });
      values[k].push_back(found == trial.overrides.end() ? "" : *found);
      values[k].back().erase(0, std::min(names[k].size() + 1, values[k].back().size()));
    }
  }
  const auto explained = search::importance(values, metrics);
  std::vector<KeyImportance> result;
  for (size_t k = 0; k < names.size(); ++k) result.push_back({names[k], explained[k]});
  return result;
}

void mark_alternatives(Results& results, bool lower_is_better) {
  constexpr double kHalfAPoint = 0.005;
  const std::vector<SettingResult>& settings = results.settings;
  std::vector<std::vector<double>> costs;
  for (const SettingResult& setting : settings) {
    if (setting.time_s.count == 0) return;
    costs.push_back(
        {lower_is_better ? setting.metric.mean : -setting.metric.mean, setting.time_s.mean});
  }
  results.knee = search::knee_of(costs, search::pareto_front(costs));
  if (lower_is_better) return;
  for (size_t i = 0; i < settings.size(); ++i) {
    const bool is_near = settings[0].metric.mean - settings[i].metric.mean <= kHalfAPoint;
    if (is_near &&
        (!results.cheapest || settings[i].time_s.mean < settings[*results.cheapest].time_s.mean))
      results.cheapest = i;
  }
}

int64_t best_seed(const SettingResult& setting, std::span<const Trial> trials,
                  const std::string& metric, bool lower_is_better) {
  return *std::ranges::min_element(setting.trials, {}, [&](int64_t number) {
    const double value = *metric_of(trials[static_cast<size_t>(number - 1)], metric);
    return lower_is_better ? value : -value;
  });
}

}  // namespace

std::vector<int64_t> Results::front_trials() const {
  std::vector<int64_t> numbers;
  for (const SettingResult& setting : settings)
    if (setting.is_on_front)
      numbers.insert(numbers.end(), setting.trials.begin(), setting.trials.end());
  std::ranges::sort(numbers);
  return numbers;
}

Results results_of(const SweepPlan& plan, std::span<const Trial> trials,
                   const std::string& metric) {
  const bool lower = is_better_lower(metric);
  Results results{.metric = metric, .settings = settings_of(plan, trials, metric)};
  std::vector<SettingResult>& settings = results.settings;
  std::ranges::stable_sort(settings, {}, [&](const SettingResult& setting) {
    return lower ? setting.metric.mean : -setting.metric.mean;
  });
  mark_front(settings, lower);
  for (size_t i = 0; i < settings.size(); ++i) {
    settings[i].is_tied = i > 0 && search::is_tied(settings[0].metric, settings[i].metric);
    const auto cost = [&](size_t s) { return settings[s].time_s; };
    if (!results.best) {
      results.best = i;
    } else if (settings[i].is_tied && cost(i).count > 0 &&
               cost(i).mean < cost(*results.best).mean) {
      results.best = i;
    }
  }
  if (results.best) results.best_trial = best_seed(settings[*results.best], trials, metric, lower);
  mark_alternatives(results, lower);
  results.importance = importance_of(plan, trials, metric);
  return results;
}

}  // namespace stoker::sweep

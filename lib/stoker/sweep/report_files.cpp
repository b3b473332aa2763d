// What programs read: JSON, CSV, and a configuration.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stoker/config/extending.h"
#include "stoker/config/load.h"
#include "stoker/config/print.h"
#include "stoker/core/file.h"
#include "stoker/core/json_text.h"
#include "stoker/core/text.h"
#include "stoker/sweep/pictures.h"
#include "stoker/sweep/report.h"
#include "stoker/sweep/train_command.h"

namespace stoker::sweep {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

std::string id_of(int64_t number) { return Trial{.number = number}.id(); }

ordered_json run_of(const fs::path& folder, const Trial& trial) {
  return trial.run.empty() ? ordered_json(nullptr) : ordered_json((folder / trial.run).string());
}

ordered_json trial_json(const fs::path& folder, const Trial& trial) {
  ordered_json json{{"id", trial.id()},
                    {"state", state_name(trial.state)},
                    {"overrides", trial.overrides},
                    {"run", run_of(folder, trial)},
                    {"exit_code", or_null(trial.exit_code)},
                    {"metrics", trial.metrics},
                    {"train_time_s", or_null(trial.train_time_s)},
                    {"peak_bytes", or_null(trial.peak_bytes)},
                    {"setting", trial.setting},
                    {"steps", trial.steps},
                    {"attempts", trial.attempts},
                    {"reason", trial.reason}};
  if (!trial.rung_values.empty()) json["rungs"] = trial.rung_values;
  return json;
}

ordered_json setting_json(const SettingResult& setting) {
  ordered_json ids = ordered_json::array();
  for (const int64_t number : setting.trials) ids.push_back(id_of(number));
  return {{"overrides", setting.overrides},
          {"trials", ids},
          {"mean", setting.metric.mean},
          {"deviation", setting.metric.count > 1 ? ordered_json(setting.metric.deviation)
                                                 : ordered_json(nullptr)},
          {"tied", setting.is_tied},
          {"pareto", setting.is_on_front}};
}

std::string number_cell(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

}  // namespace

std::string results_json(const fs::path& folder, const Results& results,
                         std::span<const Trial> trials) {
  ordered_json json{{"folder", folder.string()},
                    {"metric", results.metric},
                    {"trials", ordered_json::array()},
                    {"settings", ordered_json::array()},
                    {"importance", ordered_json::object()},
                    {"pareto", ordered_json::array()},
                    {"best", nullptr}};
  for (const Trial& trial : trials) json["trials"].push_back(trial_json(folder, trial));
  for (const auto& setting : results.settings) json["settings"].push_back(setting_json(setting));
  for (const KeyImportance& key : results.importance)
    json["importance"][key.key] = key.importance.explained;
  for (const int64_t number : results.front_trials()) json["pareto"].push_back(id_of(number));
  if (results.best_trial) json["best"] = id_of(*results.best_trial);
  return json_text(json, 2) + "\n";
}

std::string trials_csv(const fs::path& folder, const SweepPlan& plan,
                       std::span<const Trial> trials) {
  std::vector<std::string> metrics;
  for (const Trial& trial : trials)
    for (const auto& [name, value] : trial.metrics)
      if (std::ranges::find(metrics, name) == metrics.end()) metrics.push_back(name);
  std::string text = "id,state,exit_code";
  std::vector<std::string> keys = plan.keys();
  keys.emplace_back("seed");
  for (const std::string& key : keys) text += fmt::format(",{}", csv_cell(key));
  for (const std::string& name : metrics) text += fmt::format(",{}", csv_cell(name));
  text += ",steps,train_time_s,peak_bytes,run,reason\n";
  for (const Trial& trial : trials) {
    text += fmt::format("{},{},{}", trial.id(), state_name(trial.state),
                        trial.exit_code ? fmt::format("{}", *trial.exit_code) : "");
    for (const std::string& key : keys) {
      const auto found = std::ranges::find_if(
          trial.overrides, [&](const std::string& word) { return word.starts_with(key + "="); });
      text += ',';
      if (found != trial.overrides.end()) text += csv_cell(found->substr(key.size() + 1));
    }
    for (const std::string& name : metrics) {
      const auto found = trial.metrics.find(name);
      text += ',';
      if (found != trial.metrics.end()) text += number_cell(found->second);
    }
    text += fmt::format(",{},{},{},{},{}\n", trial.steps, number_cell(trial.train_time_s),
                        trial.peak_bytes ? fmt::format("{}", *trial.peak_bytes) : "",
                        trial.run.empty() ? "" : csv_cell((folder / trial.run).string()),
                        csv_cell(trial.reason));
  }
  return text;
}

std::string setting_yaml(const fs::path& folder, const Results& results, size_t setting) {
  const SettingResult& best = results.settings[setting];
  const config::Node own =
      config::extending(kBaseFile, config::load_files(folder / kBaseFile), best.overrides);
  return fmt::format("# {} {:.6g} on average over {} trials of this sweep.\n{}", results.metric,
                     best.metric.mean, best.metric.count, config::print_yaml(own));
}

void write_reports(const fs::path& folder, const SweepPlan& plan, std::span<const Trial> trials,
                   const Results& results) {
  FileSystem& files = real_file_system();
  write_file_atomically(files, folder / "trials.csv", as_bytes(trials_csv(folder, plan, trials)));
  const std::pair<const char*, std::optional<size_t>> chosen[] = {
      {"best.yaml", results.best},
      {"knee.yaml", results.knee},
      {"cheapest.yaml", results.cheapest}};
  for (const auto& [name, setting] : chosen) {
    if (setting)
      write_file_atomically(files, folder / name,
                            as_bytes(setting_yaml(folder, results, *setting)));
  }
  write_pictures(folder, results);
}

}  // namespace stoker::sweep

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/report/figures.h"
#include "stoker/report/html.h"
#include "stoker/report/page.h"
#include "stoker/report/page_data.h"
#include "stoker/report/page_frame.h"
#include "stoker/runs/layout.h"
#include "stoker/sweep/metric.h"
#include "stoker/sweep/results.h"
#include "stoker/sweep/status.h"

namespace stoker::report {

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using sweep::Results;
using sweep::SettingResult;
using sweep::SweepStatus;
using sweep::Trial;

std::string value_of(const std::vector<std::string>& overrides, const std::string& key) {
  for (const std::string& word : overrides)
    if (word.starts_with(key + "=")) return word.substr(key.size() + 1);
  return "";
}

std::string name_of(const std::vector<std::string>& overrides) {
  std::string name;
  for (const std::string& word : overrides) name += (name.empty() ? "" : " ") + word;
  return name.empty() ? "as configured" : name;
}

ordered_json sweep_json(const SweepStatus& status, const Results& results) {
  const std::vector<std::string> keys = status.plan.keys();
  ordered_json settings = ordered_json::array();
  for (size_t i = 0; i < results.settings.size(); ++i) {
    const SettingResult& setting = results.settings[i];
    ordered_json values = ordered_json::array();
    for (const std::string& key : keys) values.push_back(shown(value_of(setting.overrides, key)));
    settings.push_back(
        {{"id", setting.setting},
         {"name", shown(name_of(setting.overrides))},
         {"values", values},
         {"metric", short_number(setting.metric.mean)},
         {"deviation", setting.metric.count > 1 ? short_number(setting.metric.deviation)
                                                : ordered_json(nullptr)},
         {"time_s",
          setting.time_s.count > 0 ? short_number(setting.time_s.mean) : ordered_json(nullptr)},
         {"front", setting.is_on_front},
         {"best", results.best == i}});
  }
  ordered_json names = ordered_json::array();
  for (const std::string& key : keys) names.push_back(shown(key));
  return {{"metric", results.metric},
          {"unit", unit_of(results.metric) == Unit::kShare ? "share" : ""},
          {"lower_is_better", sweep::is_better_lower(results.metric)},
          {"keys", names},
          {"settings", settings}};
}

std::string marks_of(const Results& results, size_t i) {
  std::string words;
  const auto add = [&](bool is_so, const char* word) {
    if (is_so) words += (words.empty() ? "" : ", ") + std::string(word);
  };
  add(results.best == i, "best");
  add(results.settings[i].is_tied, "tied with the first");
  add(results.settings[i].is_on_front, "front");
  add(results.knee == i, "knee");
  add(results.cheapest == i && results.best != i, "cheapest");
  return words;
}

std::string settings_html(const SweepStatus& status, const Results& results) {
  const std::vector<std::string> keys = status.plan.keys();
  std::vector<std::string> heads{results.metric};
  heads.insert(heads.end(), {"deviation", "trials", "training time", "memory", "marks"});
  heads.insert(heads.end(), keys.begin(), keys.end());
  const Unit unit = unit_of(results.metric);
  TableStyle style{.sortable = true, .caption = "Settings by their metric"};
  std::vector<Row> rows;
  for (size_t i = 0; i < results.settings.size(); ++i) {
    const SettingResult& setting = results.settings[i];
    const auto spread = [](const search::Spread& s, double value, Unit of) {
      return s.count == 0
                 ? Cell{"–", "", "number"}
                 : Cell{html_text(value_text(value, of)), fmt::format("{}", value), "number"};
    };
    Row row{spread(setting.metric, setting.metric.mean, unit),
            setting.metric.count > 1 ? spread(setting.metric, setting.metric.deviation, unit)
                                     : Cell{"–", "", "number"},
            {fmt::format("{}", setting.metric.count), "", "number"},
            spread(setting.time_s, setting.time_s.mean, Unit::kSeconds),
            spread(setting.peak_bytes, setting.peak_bytes.mean, Unit::kBytes),
            {html_text(marks_of(results, i))}};
    if (results.best == i) row[0].classes = "number best";
    for (const std::string& key : keys)
      row.push_back({html_text(value_of(setting.overrides, key))});
    rows.push_back(std::move(row));
    style.row_attributes.push_back(fmt::format(" data-setting=\"{}\"", setting.setting));
  }
  return rows.empty() ? element("p", "No trial has been measured yet.", {{"class", "none"}})
                      : table_html(heads, rows, style);
}

std::string trials_html(const SweepStatus& status, const std::string& metric) {
  std::vector<Row> rows;
  for (const Trial& trial : status.trials) {
    const auto value = trial.metrics.find(metric);
    const bool is_measured = value != trial.metrics.end();
    rows.push_back({{html_text(trial.id())},
                    {html_text(sweep::state_name(trial.state))},
                    {is_measured ? html_text(value_text(value->second, unit_of(metric))) : "–",
                     is_measured ? fmt::format("{}", value->second) : "", "number"},
                    {fmt::format("{}", trial.steps), "", "number"},
                    {trial.train_time_s ? html_text(human_duration(*trial.train_time_s)) : "–",
                     trial.train_time_s ? fmt::format("{}", *trial.train_time_s) : "", "number"},
                    {html_text(name_of(trial.overrides))},
                    {html_text(trial.reason)}});
  }
  return table_html({"trial", "state", metric, "steps", "training time", "setting", "why"}, rows,
                    {.sortable = true, .caption = "Trials"});
}

std::string importance_html(const Results& results) {
  std::vector<Row> rows;
  bool is_rough = false;
  for (const sweep::KeyImportance& key : results.importance) {
    is_rough |= key.importance.is_rough;
    const double share = std::clamp(key.importance.explained, 0.0, 1.0);
    rows.push_back(
        {{html_text(key.key)},
         {element("span", html_text(value_text(share, Unit::kShare)),
                  {{"class", "guess right"}, {"style", fmt::format("--p:{:.1f}%", 100 * share)}}),
          fmt::format("{}", share)}});
  }
  if (rows.empty()) return "";
  return element("p",
                 html_text(fmt::format(
                     "How much of the variance of {} each key explains{}.", results.metric,
                     is_rough ? " (few trials a value: take it for a hint)" : "")),
                 {{"class", "sub"}}) +
         table_html({"key", "explained"}, rows,
                    {.sortable = true, .caption = "Importance of the keys"});
}

// Runs of the best trials, at most as many as a chart stays readable with.
std::vector<RunRecord> best_runs(const fs::path& folder, const SweepStatus& status,
                                 const Results& results) {
  constexpr size_t kMost = 20;
  std::vector<RunRecord> runs;
  for (const SettingResult& setting : results.settings) {
    for (const int64_t number : setting.trials) {
      const Trial& trial = status.trials.at(static_cast<size_t>(number - 1));
      std::error_code none;
      if (runs.size() < kMost && !trial.run.empty() &&
          fs::is_regular_file(folder / trial.run / runs::kConfigFile, none))
        runs.push_back(read_run(folder / trial.run));
    }
  }
  return runs;
}

std::string head_of(const fs::path& folder, const SweepStatus& status, const Results& results) {
  std::map<std::string_view, int64_t> counts;
  for (const Trial& trial : status.trials) ++counts[sweep::state_name(trial.state)];
  std::string states;
  for (const auto& [state, count] : counts) states += fmt::format(" · {} {}", count, state);
  std::string best;
  if (results.best) {
    const SettingResult& setting = results.settings[*results.best];
    std::string value = value_text(setting.metric.mean, unit_of(results.metric));
    if (setting.metric.count > 1)
      value += " ± " + value_text(setting.metric.deviation, unit_of(results.metric));
    best = element("div",
                   element("strong", html_text(fmt::format("Best: {} {}", results.metric, value))) +
                       "<br>" + html_text(name_of(setting.overrides)),
                   {{"class", "verdict"}});
  }
  return element("h1", html_text(folder.lexically_normal().filename().empty()
                                     ? folder.lexically_normal().parent_path().filename().string()
                                     : folder.lexically_normal().filename().string())) +
         element("p",
                 html_text(fmt::format("{} · {} trials{}", folder.string(), status.trials.size(),
                                       states)),
                 {{"class", "sub"}}) +
         best;
}

}  // namespace

std::string sweep_page(const fs::path& folder) {
  const SweepStatus status = sweep::read_status(folder, "");
  const Results results = sweep::results_of(status.plan, status.trials, status.plan.metric);
  const std::vector<RunRecord> runs = best_runs(folder, status, results);
  Page page{.title = "sweep · " + folder.string(),
            .head = head_of(folder, status, results),
            .data = curves_json(runs)};
  page.data["sweep"] = sweep_json(status, results);
  const bool has_results = !results.settings.empty();
  page.sections = {
      {"front", "Metric and time", has_results ? "<div id=\"pareto\"></div>" : ""},
      {"parallel-axes", "Settings",
       has_results ? element("p",
                             "Drag along an axis to keep what lies within; a click there lets "
                             "all back in. On the keyboard, with an axis in focus: up raises the "
                             "lower end, down lowers the upper one, with Shift each goes back, and "
                             "Escape lets all in. Strong lines are better.",
                             {{"class", "sub"}}) +
                         "<div class=\"scroll\" id=\"parallel\"></div>"
                   : ""},
      {"settings", "Table of settings", settings_html(status, results)},
      {"importance", "What matters", importance_html(results)},
      {"curves", "Curves of the best", runs.empty() ? "" : "<div id=\"charts\"></div>"},
      {"trials", "Trials", trials_html(status, results.metric)}};
  return page_html(page);
}

}  // namespace stoker::report

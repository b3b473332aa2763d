#include "stoker/report/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "stoker/core/json_text.h"
#include "stoker/core/shown.h"
#include "stoker/core/table_text.h"

namespace stoker::report {

namespace {

using nlohmann::ordered_json;

constexpr const char* kSeed = "seed";

bool says_where(const std::string& key) { return key == "name" || key == "run.dir"; }

std::vector<DifferingKey> differing_keys(std::span<const RunRecord> runs) {
  std::vector<DifferingKey> keys;
  std::set<std::string> seen;
  for (const RunRecord& first : runs) {
    for (const auto& [key, value] : first.config) {
      if (says_where(key) || !seen.insert(key).second) continue;
      DifferingKey row{.key = key};
      for (const RunRecord& run : runs) {
        const auto found =
            std::ranges::find(run.config, key, &std::pair<std::string, std::string>::first);
        row.values.push_back(found == run.config.end() ? std::nullopt
                                                       : std::optional(found->second));
      }
      if (std::ranges::any_of(row.values, [&](const auto& v) { return v != row.values[0]; }))
        keys.push_back(std::move(row));
    }
  }
  return keys;
}

std::optional<size_t> best_of(const ComparedFigure& figure) {
  if (figure.better == Better::kNeither) return std::nullopt;
  std::optional<size_t> best;
  bool differs = false;
  for (size_t i = 0; i < figure.values.size(); ++i) {
    const auto& value = figure.values[i];
    if (!value || !std::isfinite(*value)) continue;
    if (best) differs |= *value != *figure.values[*best];
    const bool is_better =
        !best || (figure.better == Better::kHigher ? *value > *figure.values[*best]
                                                   : *value < *figure.values[*best]);
    if (is_better) best = i;
  }
  return differs ? best : std::nullopt;
}

std::vector<ComparedFigure> compared_figures(std::span<const RunRecord> runs) {
  std::vector<ComparedFigure> figures;
  for (size_t i = 0; i < runs.size(); ++i) {
    for (const Figure& figure : figures_of(runs[i])) {
      auto found = std::ranges::find(figures, figure.name, &ComparedFigure::name);
      if (found == figures.end()) {
        figures.push_back({.name = figure.name, .unit = figure.unit, .better = figure.better});
        found = figures.end() - 1;
        found->values.resize(runs.size());
      }
      found->values[i] = figure.value;
    }
  }
  for (ComparedFigure& figure : figures) figure.best = best_of(figure);
  return figures;
}

std::vector<ComparedSetting> settings_of(const Comparison& comparison) {
  std::vector<ComparedSetting> settings;
  for (size_t run = 0; run < comparison.runs.size(); ++run) {
    std::vector<std::pair<std::string, std::string>> values;
    for (const DifferingKey& key : comparison.keys)
      if (key.key != kSeed) values.emplace_back(key.key, key.values[run].value_or(""));
    auto found = std::ranges::find(settings, values, &ComparedSetting::values);
    if (found == settings.end()) {
      settings.push_back({.values = std::move(values)});
      found = settings.end() - 1;
    }
    found->runs.push_back(run);
  }
  for (ComparedSetting& setting : settings) {
    for (const ComparedFigure& figure : comparison.figures) {
      std::vector<double> values;
      for (const size_t run : setting.runs)
        if (figure.values[run]) values.push_back(*figure.values[run]);
      setting.figures.push_back(values.empty() ? search::Spread{} : search::spread(values));
    }
  }
  return settings;
}

std::string spread_text(const search::Spread& spread, Unit unit) {
  if (spread.count == 0) return "-";
  std::string text = value_text(spread.mean, unit);
  if (spread.count > 1) text += " ± " + value_text(spread.deviation, unit);
  return text;
}

std::string setting_name(const ComparedSetting& setting) {
  std::string name;
  for (const auto& [key, value] : setting.values)
    name += fmt::format("{}{}={}", name.empty() ? "" : " ", shown(key), shown(value));
  return name.empty() ? "all runs" : name;
}

// Those whose mean nothing has a better one than, and whether seeds leave that open.
std::string verdict_of(const Comparison& comparison, size_t figure) {
  const ComparedFigure& compared = comparison.figures[figure];
  std::vector<const ComparedSetting*> order;
  for (const ComparedSetting& setting : comparison.settings)
    if (setting.figures[figure].count > 0) order.push_back(&setting);
  if (order.size() < 2 || compared.better == Better::kNeither) return "";
  std::ranges::sort(order, {}, [&](const ComparedSetting* setting) {
    const double mean = setting->figures[figure].mean;
    return compared.better == Better::kLower ? mean : -mean;
  });
  const search::Spread &first = order[0]->figures[figure], &second = order[1]->figures[figure];
  if (first.count < 2 || second.count < 2)
    return fmt::format("{}: one seed a setting cannot tell a difference from chance.\n",
                       compared.name);
  if (search::is_tied(first, second))
    return fmt::format(
        "{}: the 95 % interval over seeds leaves open which of the first two is better.\n",
        compared.name);
  return fmt::format("{}: {} is better than the others beyond what seeds explain (95 %).\n",
                     compared.name, setting_name(*order[0]));
}

std::string settings_text(const Comparison& comparison) {
  if (comparison.settings.size() == comparison.runs.size()) return "";
  std::vector<TextRow> rows{{"setting", "runs"}};
  for (const ComparedFigure& figure : comparison.figures) rows[0].push_back(shown(figure.name));
  for (const ComparedSetting& setting : comparison.settings) {
    TextRow row{setting_name(setting), fmt::format("{}", setting.runs.size())};
    for (size_t f = 0; f < comparison.figures.size(); ++f)
      row.push_back(spread_text(setting.figures[f], comparison.figures[f].unit));
    rows.push_back(std::move(row));
  }
  return "\nmean and deviation over seeds\n" + aligned(rows) + verdict_of(comparison, 0);
}

const char* word(Better better) {
  return better == Better::kHigher ? "higher" : better == Better::kLower ? "lower" : "neither";
}

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json setting_json(const Comparison& comparison, const ComparedSetting& setting) {
  ordered_json values = ordered_json::object(), figures = ordered_json::object();
  for (const auto& [key, value] : setting.values) values[key] = value;
  for (size_t f = 0; f < comparison.figures.size(); ++f) {
    const search::Spread& spread = setting.figures[f];
    if (spread.count == 0) continue;
    figures[comparison.figures[f].name] = {
        {"count", spread.count},
        {"mean", spread.mean},
        {"deviation", spread.count > 1 ? ordered_json(spread.deviation) : ordered_json(nullptr)}};
  }
  return {{"values", values}, {"runs", setting.runs}, {"figures", figures}};
}

}  // namespace

Comparison compare(std::span<const RunRecord> runs) {
  Comparison comparison{.keys = differing_keys(runs), .figures = compared_figures(runs)};
  for (const RunRecord& run : runs) comparison.runs.push_back(run.overview);
  comparison.settings = settings_of(comparison);
  return comparison;
}

std::string compare_text(const Comparison& comparison) {
  std::vector<TextRow> rows{{"run"}, {"state"}};
  for (const runs::RunOverview& run : comparison.runs) {
    rows[0].push_back(shown(run.path.string()));
    rows[1].push_back(std::string(runs::state_name(run.state)));
  }
  for (const DifferingKey& key : comparison.keys) {
    rows.push_back({shown(key.key)});
    for (const auto& value : key.values) rows.back().push_back(value ? shown(*value) : "-");
  }
  for (const ComparedFigure& figure : comparison.figures) {
    rows.push_back({shown(figure.name)});
    for (size_t i = 0; i < figure.values.size(); ++i) {
      const auto& value = figure.values[i];
      rows.back().push_back((value ? value_text(*value, figure.unit) : "-") +
                            (figure.best == i ? " *" : ""));
    }
  }
  return aligned(rows) + settings_text(comparison);
}

std::string compare_json(const Comparison& comparison) {
  ordered_json json{{"runs", ordered_json::array()},
                    {"differing", ordered_json::object()},
                    {"figures", ordered_json::object()},
                    {"settings", ordered_json::array()}};
  for (const runs::RunOverview& run : comparison.runs)
    json["runs"].push_back({{"path", run.path.string()}, {"state", runs::state_name(run.state)}});
  for (const DifferingKey& key : comparison.keys) {
    ordered_json values = ordered_json::array();
    for (const auto& value : key.values) values.push_back(or_null(value));
    json["differing"][key.key] = values;
  }
  for (const ComparedFigure& figure : comparison.figures) {
    ordered_json values = ordered_json::array();
    for (const auto& value : figure.values) values.push_back(or_null(value));
    json["figures"][figure.name] = {
        {"better", word(figure.better)}, {"values", values}, {"best", or_null(figure.best)}};
  }
  for (const ComparedSetting& setting : comparison.settings)
    json["settings"].push_back(setting_json(comparison, setting));
  return json_text(json, 2) + "\n";
}

}  // namespace stoker::report

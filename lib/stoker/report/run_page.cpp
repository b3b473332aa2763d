#include <fmt/format.h>

#include <algorithm>

#include "stoker/core/error.h"
#include "stoker/report/compare.h"
#include "stoker/report/html.h"
#include "stoker/report/page.h"
#include "stoker/report/page_data.h"
#include "stoker/report/page_frame.h"
#include "stoker/report/run_sections.h"
#include "stoker/sweep/status.h"

namespace stoker::report {

namespace {

constexpr const char* kCharts = "<div id=\"charts\"></div>";

std::string state_html(const runs::RunOverview& run) {
  const std::string state(runs::state_name(run.state));
  const std::string words =
      run.reason.empty() || run.reason == state ? state : fmt::format("{}: {}", state, run.reason);
  return element("span", html_text(words), {{"class", "state " + state}});
}

std::string one_head(const RunRecord& run) {
  const runs::RunOverview& overview = run.overview;
  std::string sub = overview.path.string();
  if (!overview.started.empty()) sub += " · begun " + overview.started;
  if (overview.epochs)
    sub += fmt::format(" · {:.4g} of {:g} epochs", overview.epoch, *overview.epochs);
  return fmt::format("<h1>{}{}</h1>", html_text(overview.name), state_html(overview)) +
         element("p", html_text(sub), {{"class", "sub"}}) + verdict_html(run) + tiles_html(run);
}

std::string columns_html(const std::string& left, const std::string& right) {
  if (left.empty() || right.empty()) return left + right;
  return element("div", element("div", left) + element("div", right), {{"class", "columns"}});
}

std::string one_page(const RunRecord& run, bool is_live) {
  Page page{.title = run.overview.name + " · " + run.overview.path.string(),
            .head = one_head(run),
            .data = curves_json(std::span(&run, 1)),
            .is_live = is_live};
  if (is_live) page.head += "<p id=\"live\" class=\"sub\">waiting for the next line</p>";
  add_evaluation_data(run, page.data);
  page.sections = {{"curves", "Curves", kCharts},
                   {"matrix", "Confusion", confusion_html(run)},
                   {"classes", "Classes and calibration",
                    columns_html(classes_html(run), calibration_html(run))},
                   {"examples", "Examples", examples_html(run)},
                   {"batch", "A batch", batch_html(run)},
                   {"plan", "Plan", plan_html(run)},
                   {"config", "Configuration", config_html(run)},
                   {"environment", "Environment", environment_html(run)}};
  return page_html(page);
}

std::vector<std::string> heads_of(const std::vector<std::string>& labels) {
  std::vector<std::string> heads{"what"};
  heads.insert(heads.end(), labels.begin(), labels.end());
  return heads;
}

std::string figures_table(const Comparison& comparison, const std::vector<std::string>& labels) {
  std::vector<Row> rows;
  Row states{{"state"}};
  for (const runs::RunOverview& run : comparison.runs) states.push_back({state_html(run)});
  rows.push_back(std::move(states));
  for (const ComparedFigure& figure : comparison.figures) {
    Row row{{html_text(figure.name)}};
    for (size_t i = 0; i < figure.values.size(); ++i) {
      const auto& value = figure.values[i];
      row.push_back({html_text(value ? value_text(*value, figure.unit) : "–"), "",
                     figure.best == i ? "best" : ""});
    }
    rows.push_back(std::move(row));
  }
  return table_html(heads_of(labels), rows, {.numbers = true, .caption = "Figures of the runs"});
}

std::string keys_table(const Comparison& comparison, const std::vector<std::string>& labels) {
  if (comparison.keys.empty())
    return element("p", "The configurations are the same.", {{"class", "none"}});
  std::vector<Row> rows;
  for (const DifferingKey& key : comparison.keys) {
    Row row{{html_text(key.key)}};
    for (const auto& value : key.values) row.push_back({html_text(value.value_or("–"))});
    rows.push_back(std::move(row));
  }
  return table_html(heads_of(labels), rows, {.caption = "Keys of the configurations that differ"});
}

std::string settings_table(const Comparison& comparison) {
  if (comparison.settings.size() == comparison.runs.size()) return "";
  std::vector<std::string> heads{"setting", "runs"};
  for (const ComparedFigure& figure : comparison.figures) heads.push_back(figure.name);
  std::vector<Row> rows;
  for (const ComparedSetting& setting : comparison.settings) {
    std::string name;
    for (const auto& [key, value] : setting.values)
      name += fmt::format("{}{}={}", name.empty() ? "" : " ", key, value);
    Row row{{html_text(name.empty() ? "all" : name)}, {fmt::format("{}", setting.runs.size())}};
    for (size_t f = 0; f < comparison.figures.size(); ++f) {
      const search::Spread& spread = setting.figures[f];
      const Unit unit = comparison.figures[f].unit;
      std::string text = spread.count == 0 ? "–" : value_text(spread.mean, unit);
      if (spread.count > 1) text += " ± " + value_text(spread.deviation, unit);
      row.push_back({html_text(text), spread.count == 0 ? "" : fmt::format("{}", spread.mean)});
    }
    rows.push_back(std::move(row));
  }
  return table_html(
      heads, rows, {.sortable = true, .numbers = true, .caption = "Mean and deviation over seeds"});
}

}  // namespace

std::string runs_page(std::span<const RunRecord> runs) {
  STOKER_CHECK(!runs.empty(), "runs={}", runs.size());
  if (runs.size() == 1) return one_page(runs[0], /*is_live=*/false);
  const Comparison comparison = compare(runs);
  const std::vector<std::string> labels = labels_of(runs);
  Page page{.title = fmt::format("{} runs", runs.size()),
            .head = fmt::format("<h1>{} runs side by side</h1>", runs.size()),
            .data = curves_json(runs)};
  std::string details;
  for (size_t i = 0; i < runs.size(); ++i)
    details += element("details", element("summary", html_text(labels[i])) + plan_html(runs[i]) +
                                      config_html(runs[i]) + environment_html(runs[i]));
  page.sections = {{"figures", "Figures", figures_table(comparison, labels)},
                   {"keys", "What differs", keys_table(comparison, labels)},
                   {"seeds", "Over seeds", settings_table(comparison)},
                   {"curves", "Curves", kCharts},
                   {"runs", "Each run", details}};
  return page_html(page);
}

std::string live_page(const RunRecord& run) { return one_page(run, /*is_live=*/true); }

std::string page_of(std::span<const std::filesystem::path> folders) {
  const auto is_sweep = [](const std::filesystem::path& folder) { return sweep::is_sweep(folder); };
  if (folders.size() == 1 && is_sweep(folders[0])) return sweep_page(folders[0]);
  if (const auto found = std::ranges::find_if(folders, is_sweep); found != folders.end())
    throw ConfigError(fmt::format("{} is a sweep, which has a report of its own; name it alone.",
                                  found->string()));
  std::vector<RunRecord> runs;
  for (const std::filesystem::path& folder : folders) runs.push_back(read_run(folder));
  return runs_page(runs);
}

}  // namespace stoker::report

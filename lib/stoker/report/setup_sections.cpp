// What a run was made of: its plan, configuration and environment.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "stoker/core/json_fields.h"
#include "stoker/core/json_text.h"
#include "stoker/report/html.h"
#include "stoker/report/page_frame.h"
#include "stoker/report/run_sections.h"

namespace stoker::report {

namespace {

using nlohmann::ordered_json;

// A line of the configuration with the place that it comes from.
std::string config_line(const std::string& line) {
  const size_t at = line.rfind("  # ");
  if (at == std::string::npos) return html_text(line) + "\n";
  const bool is_default = line.substr(at + 4) == "default";
  const size_t end = line.find_last_not_of(' ', at) + 1;
  const std::string value = html_text(line.substr(0, end));
  return (is_default ? value : element("span", value, {{"class", "set"}})) +
         element("span", html_text(line.substr(end)), {{"class", "from"}}) + "\n";
}

void add_rows(const ordered_json& value, const std::string& name, std::vector<Row>& rows) {
  if (value.is_object()) {
    for (const auto& [key, item] : value.items())
      add_rows(item, name.empty() ? key : fmt::format("{} {}", name, key), rows);
    return;
  }
  const bool is_words =
      value.is_array() && std::all_of(value.begin(), value.end(),
                                      [](const ordered_json& item) { return item.is_string(); });
  if (value.is_array() && !is_words) {
    for (size_t i = 0; i < value.size(); ++i)
      add_rows(value[i], fmt::format("{} {}", name, i), rows);
    return;
  }
  std::string text = value.is_string() ? value.get<std::string>() : json_text(value);
  if (is_words) {
    text.clear();
    for (const ordered_json& word : value)
      text += fmt::format("{}{}", text.empty() ? "" : " ", word.get<std::string>());
  }
  rows.push_back({{html_text(name)}, {html_text(text)}});
}

std::string object_table(const ordered_json& object, const std::string& caption) {
  std::vector<Row> rows;
  add_rows(object, "", rows);
  return table_html({"what", "value"}, rows, {.caption = caption});
}

}  // namespace

std::string plan_html(const RunRecord& run) {
  std::string html =
      run.plan.empty() ? "" : element("pre", html_lines(run.plan), {{"tabindex", "0"}});
  if (!run.warnings.empty()) {
    std::string items;
    constexpr size_t kMost = 50;
    for (size_t i = 0; i < std::min(run.warnings.size(), kMost); ++i)
      items += element("li", html_text(run.warnings[i]));
    html += "<h3>Warnings</h3>" + element("ul", items);
  }
  return html;
}

std::string config_html(const RunRecord& run) {
  if (run.config_text.empty()) return "";
  std::istringstream lines(run.config_text);
  std::string text;
  for (std::string line; std::getline(lines, line);) text += config_line(line);
  return element("pre", text, {{"tabindex", "0"}});
}

std::string environment_html(const RunRecord& run) {
  std::string html;
  if (const auto energy = run.summary.find("energy");
      energy != run.summary.end() && energy->is_object() && !energy->empty())
    html += "<h3>Energy</h3>" + object_table(*energy, "Energy of the run");
  if (run.environment.empty()) return html;
  ordered_json now = run.environment;
  now.erase("earlier");
  html += "<h3>Machine and versions</h3>" + object_table(now, "Machine and versions");
  const ordered_json& earlier = list_in(run.environment, "earlier");
  for (size_t i = 0; i < earlier.size(); ++i) {
    if (!earlier[i].is_object()) continue;
    html += element("details",
                    element("summary", html_text(fmt::format("Start {}, {}", i + 1,
                                                             text_in(earlier[i], "time_utc")))) +
                        object_table(earlier[i], "An earlier start"));
  }
  return html;
}

}  // namespace stoker::report

#include "stoker/report/run_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

#include "stoker/config/load.h"
#include "stoker/config/print.h"
#include "stoker/config/values.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/json_text.h"
#include "stoker/runs/layout.h"

namespace stoker::report {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

bool is_named(const config::Node& item) { return item.is_map() && item.entries.size() == 1; }

void add_leaves(const config::Node& node, const std::string& path, ConfigLeaves& leaves) {
  if (node.is_null() && path.empty()) return;
  if (node.is_map() && !node.entries.empty()) {
    for (const config::Entry& entry : node.entries)
      add_leaves(entry.value, config::join_path(path, entry.key), leaves);
    return;
  }
  if (node.is_list() && std::ranges::any_of(node.items, is_named)) {
    std::map<std::string, int> seen;
    for (const config::Node& item : node.items) {
      const std::string name = is_named(item) ? item.entries[0].key : config::print_flow(item);
      const int number = ++seen[name];
      const std::string key =
          config::join_path(path, number == 1 ? name : fmt::format("{}#{}", name, number));
      if (is_named(item) && item.entries[0].value.is_map())
        add_leaves(item.entries[0].value, key, leaves);
      else
        leaves.emplace_back(key, is_named(item) ? config::print_flow(item.entries[0].value) : "");
    }
    return;
  }
  leaves.emplace_back(path, node.is_scalar() ? node.scalar : config::print_flow(node));
}

// A null node where there is no configuration that can be read.
config::Node read_config(const fs::path& path) {
  try {
    return config::load_files(fs::absolute(path).lexically_normal());
  } catch (const Error&) {  // of another version, or cut short
    return {};
  }
}

// Where each key that is no default was set: by the first start of the run that says so, for one
// that goes on reads what the run itself wrote.
std::map<std::string, std::string> origins_of(const ordered_json& environment) {
  std::map<std::string, std::string> origins;
  const auto add = [&](const ordered_json& start) {
    const auto found = start.find("origins");
    if (found == start.end() || !found->is_object()) return;
    for (const auto& [key, place] : found->items())
      if (place.is_string()) origins.emplace(key, place.get<std::string>());
  };
  const auto earlier = environment.find("earlier");
  if (earlier != environment.end() && earlier->is_array())
    for (const ordered_json& start : *earlier)
      if (start.is_object()) add(start);
  add(environment);
  return origins;
}

// Puts these places in the place of the file's own.
void set_origins(config::Node& node, const std::string& path,
                 const std::map<std::string, std::string>& origins) {
  const auto found = origins.find(path);
  node.location = {};
  if (found != origins.end())
    node.location = {.origin = config::Origin::kFile, .source = found->second};
  for (config::Entry& entry : node.entries)
    set_origins(entry.value, config::join_path(path, entry.key), origins);
  for (size_t i = 0; i < node.items.size(); ++i)
    set_origins(node.items[i], config::join_path(path, std::to_string(i)), origins);
}

std::string text_with_origins(config::Node tree, const ordered_json& environment) {
  const std::map<std::string, std::string> origins = origins_of(environment);
  if (tree.is_null() || origins.empty()) return "";
  set_origins(tree, "", origins);
  return config::print_yaml(tree, {.provenance = true});
}

std::string read_text(const fs::path& path) {
  std::error_code none;
  return fs::is_regular_file(path, none) ? read_file(path) : "";
}

std::vector<ordered_json> read_lines(const fs::path& path) {
  std::vector<ordered_json> lines;
  std::istringstream text(read_text(path));
  for (std::string line; std::getline(text, line);) {
    ordered_json value = try_parse_ordered_json(line);
    if (value.is_object()) lines.push_back(std::move(value));
  }
  return lines;
}

// What follows the time at the begin of a line of the log, "2026-11-29T22:50:10.097+00:00 …";
// nothing for a line that goes on with the message before it.
std::optional<std::string_view> message_of(std::string_view line) {
  constexpr size_t kTime = sizeof("2026-11-29T22:50:10.097+00:00") - 1;
  const bool is_first = line.size() > kTime && line[kTime] == ' ' && line[4] == '-' &&
                        line[10] == 'T' && line[13] == ':' && line[19] == '.';
  return is_first ? std::optional(line.substr(kTime + 1)) : std::nullopt;
}

void note_log(RunRecord& run, const std::string& text) {
  std::istringstream lines(text);
  bool in_plan = false;
  for (std::string line; std::getline(lines, line);) {
    const auto message = message_of(line);
    if (message) in_plan = message->starts_with("data  ");
    if (message && in_plan) run.plan.clear();
    if (in_plan) run.plan += std::string(message.value_or(line)) + "\n";
    if (!message) continue;
    constexpr std::string_view kWarning = "warning: ", kAtStep = " at step ";
    if (message->starts_with(kWarning)) run.warnings.emplace_back(message->substr(kWarning.size()));
    const size_t at = message->find(kAtStep);
    if (message->starts_with("going on from ") && at != std::string_view::npos) {
      const std::string_view number = message->substr(at + kAtStep.size());
      int64_t step = 0;
      const auto read = std::from_chars(number.data(), number.data() + number.size(), step);
      if (read.ec == std::errc{}) run.resumed_at.push_back(step);
    }
  }
}

}  // namespace

std::string RunRecord::setting(std::string_view key) const {
  const auto found = std::ranges::find(config, key, &std::pair<std::string, std::string>::first);
  return found == config.end() ? "" : found->second;
}

ordered_json read_json_object(const fs::path& path) {
  std::error_code none;
  if (!fs::is_regular_file(path, none)) return ordered_json::object();
  ordered_json value = try_parse_ordered_json(read_file(path));
  return value.is_object() ? std::move(value) : ordered_json::object();
}

RunRecord read_run(const fs::path& run, bool is_own) {
  RunRecord record{.overview = runs::read_overview(run, is_own)};
  const config::Node tree = read_config(run / runs::kConfigFile);
  add_leaves(tree, "", record.config);
  record.metrics = runs::read_metrics(run / runs::kMetricsFile);
  record.summary = read_json_object(run / runs::kSummaryFile);
  record.environment = read_json_object(run / runs::kEnvironmentFile);
  record.evaluation = read_json_object(run / runs::kEvaluationFile);
  record.events = read_lines(run / runs::kEventsFile);
  record.config_text = text_with_origins(tree, record.environment);
  if (record.config_text.empty()) record.config_text = read_text(run / runs::kConfigFile);
  record.batch = read_text(run / runs::kBatchPicture);
  note_log(record, read_text(run / runs::kLogFile));
  return record;
}

}  // namespace stoker::report

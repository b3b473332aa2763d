#include "stoker/runs/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "stoker/config/load.h"
#include "stoker/config/values.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/json_fields.h"
#include "stoker/core/json_text.h"
#include "stoker/runs/folder.h"
#include "stoker/runs/layout.h"
#include "stoker/runs/lock.h"
#include "stoker/runs/metric_names.h"
#include "stoker/runs/metrics_file.h"

namespace stoker::runs {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

json read_object(const fs::path& path) {
  std::error_code none;
  if (!fs::is_regular_file(path, none)) return json::object();
  json value = try_parse_json(read_file(path));
  return value.is_object() ? std::move(value) : json::object();
}

// What a run's own configuration says of its length and of what it is measured by.
struct Limits {
  std::optional<double> epochs, stop_after_epochs, max_steps;
};

const config::Node* scalar_at(const config::Node& tree, std::string_view section,
                              std::string_view key) {
  const config::Node* map = tree.find(section);
  const config::Node* value = map != nullptr && map->is_map() ? map->find(key) : nullptr;
  return value != nullptr && value->is_scalar() ? value : nullptr;
}

std::optional<double> number_at(const config::Node& tree, std::string_view section,
                                std::string_view key) {
  const config::Node* value = scalar_at(tree, section, key);
  return value == nullptr ? std::nullopt : config::parse_number(value->scalar);
}

Limits note_config(RunOverview& run, const fs::path& path) {
  run.name = path.parent_path().parent_path().filename().string();
  run.metric = "val.top1";
  config::Node tree;
  try {
    tree = config::load_files(path);
  } catch (const Error&) {  // of another version, or cut short
    return {};
  }
  if (!tree.is_map()) return {};
  if (const config::Node* name = tree.find("name"); name != nullptr && name->is_scalar())
    run.name = name->scalar;
  if (const config::Node* metric = scalar_at(tree, "checkpoint", "monitor"))
    run.metric = metric->scalar;
  const MetricName* known = find_metric(run.metric);
  run.lower_is_better = known != nullptr ? known->lower_is_better : run.metric == "train.loss";
  if (const config::Node* mode = scalar_at(tree, "checkpoint", "mode");
      mode && mode->scalar != "auto")
    run.lower_is_better = mode->scalar == "min";
  return {.epochs = number_at(tree, "train", "epochs"),
          .stop_after_epochs = number_at(tree, "train", "stop_after_epochs"),
          .max_steps = number_at(tree, "train", "max_steps")};
}

void note_value(RunOverview& run, const MetricsRecord& record, std::string_view key) {
  const auto value = record.value(key);
  if (!value || (run.best && (run.lower_is_better ? *value >= *run.best : *value <= *run.best)))
    return;
  run.best = value;
  run.best_step = record.step;
}

// Of a file that may be long only what is asked for is taken apart: lines of the split that the
// metric is of, and the last ones.
void note_metrics(RunOverview& run, const fs::path& path) {
  std::error_code none;
  if (!fs::is_regular_file(path, none) || fs::file_size(path, none) == 0) return;
  const MappedFile file(path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
  const size_t dot = run.metric.find('.');
  const std::string split = fmt::format("\"split\":\"{}\"", run.metric.substr(0, dot));
  const std::string key = dot == std::string::npos ? run.metric : run.metric.substr(dot + 1);
  constexpr size_t kTail = size_t{1} << 14;
  const size_t tail = text.size() - std::min(text.size(), kTail);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const bool is_measured = line.find(split) != std::string_view::npos;
    if (const auto record =
            is_measured || begin >= tail ? parse_metrics_line(line) : std::nullopt) {
      if (is_measured) note_value(run, *record, key);
      run.step = std::max(run.step, record->step);
      run.epoch = std::max(run.epoch, record->value("epoch").value_or(0));
      run.train_time_s = std::max(run.train_time_s, record->value("time_s").value_or(0));
      if (const auto rate = record->value("images_per_s")) run.images_per_s = rate;
    }
    begin = end + 1;
  }
}

void note_end(RunOverview& run, const fs::path& folder, bool is_own) {
  const json summary = read_object(folder / kSummaryFile);
  const auto steps = summary.find("steps");
  const bool is_newest = steps != summary.end() && steps->is_number() && *steps >= run.step;
  if (const auto holder = is_own ? std::nullopt : lock_holder(folder)) {
    run.state = RunState::kRunning;
    run.holder = *holder;
    return;
  }
  // What was logged after the summary is of a process that went on and was killed.
  run.reason = is_newest ? text_in(summary, "reason") : "";
  if (run.reason.empty()) run.reason = "killed";
  if (run.reason == "failed") {
    run.state = RunState::kFailed;
    run.error = text_in(summary, "error");
  } else if (run.reason != "interrupted" && run.reason != "killed") {
    run.state = RunState::kFinished;
  }
}

void note_progress(RunOverview& run, const Limits& limits) {
  const std::optional<double> epochs = limits.stop_after_epochs && limits.epochs
                                           ? std::min(*limits.stop_after_epochs, *limits.epochs)
                                           : limits.epochs;
  run.epochs = limits.epochs;
  const auto note = [&](double done, std::optional<double> of) {
    if (of && *of > 0) run.progress = std::max(run.progress.value_or(0), std::min(done / *of, 1.0));
  };
  note(run.epoch, epochs);
  note(static_cast<double>(run.step), limits.max_steps);
}

void note_times(RunOverview& run, const fs::path& folder) {
  fs::file_time_type newest = fs::file_time_type::min();
  for (const char* name : {kConfigFile, kMetricsFile, kLogFile, kSummaryFile}) {
    std::error_code none;
    const auto time = fs::last_write_time(folder / name, none);
    if (!none) newest = std::max(newest, time);
  }
  run.updated = std::chrono::time_point_cast<std::chrono::system_clock::duration>(
      std::chrono::file_clock::to_sys(newest));
  const json environment = read_object(folder / kEnvironmentFile);
  run.started = text_in(environment, "time_utc");
  const auto earlier = environment.find("earlier");
  if (earlier != environment.end() && earlier->is_array() && !earlier->empty() &&
      earlier->front().is_object())
    run.started = text_in(earlier->front(), "time_utc");
}

void find_below(const fs::path& folder, int depth, std::vector<RunOverview>& found) {
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
    std::error_code none;
    if (entry.is_symlink(none) || !entry.is_directory(none)) continue;
    if (entry.path().filename().string().starts_with('.') || is_checkpoint(entry.path())) continue;
    if (fs::is_regular_file(entry.path() / kConfigFile, none)) {
      found.push_back(read_overview(entry.path()));
    } else if (depth > 1) {
      find_below(entry.path(), depth - 1, found);
    }
  }
}

}  // namespace

std::string_view state_name(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return "running";
    case RunState::kFinished:
      return "finished";
    case RunState::kInterrupted:
      return "interrupted";
    case RunState::kFailed:
      return "failed";
  }
  return "";
}

std::optional<double> RunOverview::left_s() const {
  if (state != RunState::kRunning || !progress || *progress <= 0 || train_time_s <= 0)
    return std::nullopt;
  return train_time_s * (1 - *progress) / *progress;
}

RunOverview read_overview(const fs::path& path, bool is_own) {
  const RunFolder folder = RunFolder::open(path);
  RunOverview run{.path = folder.path()};
  const Limits limits = note_config(run, fs::absolute(folder.config()).lexically_normal());
  note_metrics(run, folder.metrics());
  note_end(run, folder.path(), is_own);
  note_progress(run, limits);
  note_times(run, folder.path());
  return run;
}

std::vector<RunOverview> find_runs(const fs::path& folder, int depth) {
  std::error_code none;
  if (!fs::is_directory(folder, none))
    throw ConfigError(
        fmt::format("{}: no such folder; expected one that holds runs, such as the runs/ that "
                    "stoker train makes where it is started.",
                    folder.string()));
  std::vector<RunOverview> found;
  if (fs::is_regular_file(folder / kConfigFile, none)) {
    found.push_back(read_overview(folder));
  } else {
    find_below(folder, depth, found);
  }
  std::ranges::sort(found, [](const RunOverview& a, const RunOverview& b) {
    return a.updated != b.updated ? a.updated > b.updated : a.path < b.path;
  });
  return found;
}

}  // namespace stoker::runs

#include "stoker/report/run_table.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "stoker/core/json_text.h"
#include "stoker/core/shown.h"
#include "stoker/core/table_text.h"
#include "stoker/core/text.h"
#include "stoker/report/figures.h"

namespace stoker::report {

namespace {

using Time = std::chrono::system_clock::time_point;
using nlohmann::ordered_json;
using runs::RunOverview;
using runs::RunState;

double age_s(const RunOverview& run, Time now) {
  return std::max(std::chrono::duration<double>(now - run.updated).count(), 0.0);
}

// "12 s", "3 min", "2 h", "5 d": the largest unit alone.
std::string about(double seconds) {
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  if (seconds < 100 * 60) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{:.0f} d", seconds / 86400);
}

std::string state_text(const RunOverview& run) {
  const std::string state(runs::state_name(run.state));
  const bool is_plain = run.state == RunState::kRunning || run.reason == state;
  return is_plain ? state : fmt::format("{} ({})", state, shown(run.reason));
}

std::string epochs_text(const RunOverview& run) {
  return run.epochs ? fmt::format("{:.4g}/{:g}", run.epoch, *run.epochs)
                    : fmt::format("{:.4g}", run.epoch);
}

TextRow row_of(const RunOverview& run, Time now) {
  const auto left = run.left_s();
  return {shown(run.path.string()),
          state_text(run),
          run.progress ? fmt::format("{:.0f}%", 100 * *run.progress) : "",
          epochs_text(run),
          run.best
              ? fmt::format("{} {}", shown(run.metric), value_text(*run.best, unit_of(run.metric)))
              : "",
          run.images_per_s ? human_count(std::llround(*run.images_per_s)) : "",
          about(age_s(run, now)) + " ago",
          left ? about(*left) : ""};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json json_of(const RunOverview& run, Time now) {
  const auto updated = std::chrono::floor<std::chrono::seconds>(run.updated);
  return {{"path", run.path.string()},
          {"name", run.name},
          {"state", runs::state_name(run.state)},
          {"reason", run.reason},
          {"error", run.error},
          {"process", run.holder.empty() ? ordered_json(nullptr) : ordered_json(run.holder)},
          {"step", run.step},
          {"epoch", run.epoch},
          {"epochs", or_null(run.epochs)},
          {"progress", or_null(run.progress)},
          {"train_time_s", run.train_time_s},
          {"images_per_s", or_null(run.images_per_s)},
          {"left_s", or_null(run.left_s())},
          {"metric", run.metric},
          {"best", or_null(run.best)},
          {"best_step", run.best ? ordered_json(run.best_step) : ordered_json(nullptr)},
          {"started", run.started.empty() ? ordered_json(nullptr) : ordered_json(run.started)},
          {"updated", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(updated))},
          {"age_s", age_s(run, now)}};
}

}  // namespace

std::string runs_text(std::span<const RunOverview> runs, Time now, size_t most) {
  if (runs.empty()) return "no runs\n";
  const auto shown_runs = runs.first(most == 0 ? runs.size() : std::min(most, runs.size()));
  std::vector<TextRow> rows{{"run", "state", "done", "epoch", "best", "img/s", "written", "left"}};
  for (const RunOverview& run : shown_runs) rows.push_back(row_of(run, now));
  std::string text = aligned(rows);
  if (shown_runs.size() < runs.size())
    text += fmt::format("and {} more\n", runs.size() - shown_runs.size());
  for (const RunOverview& run : shown_runs) {
    if (run.state == RunState::kFailed && !run.error.empty())
      text +=
          fmt::format("{} failed: {}\n", shown(run.path.string()), shown(first_line(run.error)));
  }
  return text;
}

std::string runs_json(std::span<const RunOverview> runs, Time now, int indent) {
  ordered_json list = ordered_json::array();
  for (const RunOverview& run : runs) list.push_back(json_of(run, now));
  return json_text(ordered_json{{"runs", list}}, indent) + "\n";
}

}  // namespace stoker::report

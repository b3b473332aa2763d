#include "stoker/sweep/trial_folder.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <nlohmann/json.hpp>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/json_fields.h"
#include "stoker/core/json_text.h"
#include "stoker/core/lines.h"
#include "stoker/core/shown.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/runs/folder.h"
#include "stoker/runs/layout.h"
#include "stoker/runs/metrics_file.h"

namespace stoker::sweep {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// Where the summary names no peak, the largest of the log lines.
std::optional<int64_t> peak_of(const json& summary, const fs::path& metrics) {
  if (const auto peak = number_in(summary, "peak_bytes")) return std::llround(*peak);
  std::optional<double> largest_gib;
  for (const runs::MetricsRecord& record : runs::read_metrics(metrics))
    if (const auto gib = record.value("memory_gib"))
      largest_gib = std::max(*gib, largest_gib.value_or(0));
  if (!largest_gib) return std::nullopt;
  return std::llround(*largest_gib * 0x1p30);
}

std::string cut(std::string text) {
  constexpr size_t kLongest = 400;
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "…";
  return text;
}

}  // namespace

std::optional<fs::path> TrialFolder::run() const {
  try {
    return runs::RunFolder::newest(path_.parent_path(), path_.filename().string()).path();
  } catch (const ConfigError&) {  // there is none
    return std::nullopt;
  }
}

std::string TrialFolder::run_name() const {
  const auto found = run();
  return found ? found->lexically_relative(sweep_).string() : "";
}

std::optional<RunSummary> TrialFolder::summary() const {
  const auto folder = run();
  if (!folder || !fs::exists(*folder / runs::kSummaryFile)) return std::nullopt;
  const json value = try_parse_json(read_file(*folder / runs::kSummaryFile));
  if (!value.is_object()) return std::nullopt;
  RunSummary summary{.reason = text_in(value, "reason"), .error = text_in(value, "error")};
  summary.steps = std::llround(number_in(value, "steps").value_or(0));
  summary.epochs = number_in(value, "epochs").value_or(0);
  summary.train_time_s = number_in(value, "train_time_s");
  summary.peak_bytes = peak_of(value, *folder / runs::kMetricsFile);
  if (const auto final = value.find("final"); final != value.end() && final->is_object())
    for (const auto& [name, metric] : final->items())
      if (metric.is_number()) summary.metrics[name] = metric;
  return summary;
}

void TrialFolder::remove_summary() const {
  if (const auto folder = run()) real_file_system().remove_all(*folder / runs::kSummaryFile);
}

int64_t TrialFolder::saved_step() const {
  const auto folder = run();
  if (!folder) return 0;
  int64_t newest = 0;
  for (const auto& entry : runs::list_checkpoints(*folder / runs::kCheckpointsFolder))
    if (runs::is_checkpoint(entry.folder)) newest = entry.step;
  return newest;
}

search::Curve TrialFolder::curve(std::string_view metric) const {
  const auto folder = run();
  if (!folder) return {};
  const size_t dot = metric.find('.');
  const std::string_view split = metric.substr(0, dot), key = metric.substr(dot + 1);
  search::Curve points;
  for (const runs::MetricsRecord& record : runs::read_metrics(*folder / runs::kMetricsFile)) {
    if (record.split != split) continue;
    points.push_back({.at = record.value("epoch").value_or(static_cast<double>(record.step)),
                      .value = record.value(key).value_or(std::nan(""))});
  }
  return points;
}

std::string TrialFolder::last_error() const {
  if (!fs::exists(output())) return "";
  const std::string text = read_file(output());
  std::string last, said;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    last = line;
    if (line.starts_with("stoker: ")) said = line;
  }
  return cut(shown(said.empty() ? last : said));
}

std::optional<Descriptor> TrialFolder::lock() const {
  const fs::path file = path_ / ".process";
  Descriptor descriptor(open_retrying(file, O_RDWR | O_CREAT, 0666));
  if (descriptor.get() < 0) fail(file, "open");
  if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0)
    return std::optional<Descriptor>(std::in_place, descriptor.release());
  if (errno != EWOULDBLOCK) fail(file, "lock");
  return std::nullopt;
}

}  // namespace stoker::sweep

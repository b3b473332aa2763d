#include "stoker/report/page_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>

#include "stoker/core/shown.h"
#include "stoker/report/decimate.h"
#include "stoker/report/panels.h"
#include "stoker/report/timeline.h"

namespace stoker::report {

namespace {

using nlohmann::ordered_json;

// Of all runs of a page together.
constexpr size_t kMostBuckets = 2000, kFewestBuckets = 100, kBucketsOfPage = 8000;

// The end of a path in so many parts.
std::string end_of(const std::filesystem::path& path, size_t parts) {
  std::vector<std::string> names;
  for (const auto& part : path.lexically_normal())
    if (!part.empty()) names.push_back(part.string());
  std::string label;
  for (size_t i = names.size() - std::min(parts, names.size()); i < names.size(); ++i)
    label += (label.empty() ? "" : "/") + names[i];
  return label;
}

// A figure that a line lacks is no point; one that is null there is a hole in the curve, which
// parse_metrics_line() cannot tell apart: the loss alone may be.
bool may_be_null(const std::string& key) { return key == "loss"; }

std::map<std::string, Series> series_of(const RunRecord& run) {
  std::map<std::string, Series> all;
  for (const runs::MetricsRecord& record : run.metrics) {
    if (record.split != "train" && record.split != "val") continue;
    const std::string prefix = record.split + ".";
    for (const auto& [key, value] : record.values) all[prefix + key].add(record.step, value);
    if (may_be_null("loss") && !record.value("loss"))
      all[prefix + "loss"].add(record.step, std::numeric_limits<double>::quiet_NaN());
  }
  return all;
}

ordered_json numbers(const std::vector<double>& values, double scale) {
  ordered_json list = ordered_json::array();
  for (const double value : values) list.push_back(short_number(value * scale));
  return list;
}

ordered_json axes_json(const RunRecord& run, size_t buckets) {
  ordered_json steps = ordered_json::array(), epochs = steps, times = steps;
  const size_t every = std::max<size_t>(1, run.metrics.size() / (2 * buckets));
  int64_t before = -1;
  for (size_t i = 0; i < run.metrics.size(); ++i) {
    const runs::MetricsRecord& record = run.metrics[i];
    const bool is_kept = i % every == 0 || i + 1 == run.metrics.size();
    const auto epoch = record.value("epoch"), time = record.value("time_s");
    if (!is_kept || record.step <= before || !epoch || !time) continue;
    before = record.step;
    steps.push_back(record.step);
    epochs.push_back(short_number(*epoch));
    times.push_back(short_number(*time));
  }
  return {{"step", steps}, {"epoch", epochs}, {"time_s", times}};
}

ordered_json run_json(const RunRecord& run, const std::string& label, size_t buckets,
                      const std::map<std::string, Series>& series,
                      const std::map<std::string, double>& scales) {
  ordered_json curves = ordered_json::object();
  for (const auto& [key, scale] : scales) {
    const auto found = series.find(key);
    if (found == series.end()) continue;
    const Series few = decimated(found->second, buckets);
    curves[key] = {{"x", few.steps}, {"y", numbers(few.values, scale)}};
  }
  ordered_json events = ordered_json::array();
  for (const TimelineEvent& event : timeline_of(run))
    events.push_back({{"step", event.step}, {"kind", event.kind}, {"text", shown(event.text)}});
  return {{"label", shown(label)},
          {"axes", axes_json(run, buckets)},
          {"series", curves},
          {"events", events}};
}

ordered_json panel_json(const Panel& panel) {
  ordered_json keys = ordered_json::array();
  for (const PanelKey& key : panel.keys)
    keys.push_back({{"key", shown(key.key)}, {"name", shown(key.name)}, {"scale", key.scale}});
  return {{"title", shown(panel.title)},
          {"unit", panel.unit},
          {"keys", keys},
          {"from_zero", panel.from_zero},
          {"events", panel.has_events}};
}

}  // namespace

ordered_json short_number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr);
}

std::vector<std::string> labels_of(std::span<const RunRecord> runs) {
  for (size_t parts = 2;; ++parts) {
    std::vector<std::string> labels;
    for (const RunRecord& run : runs) labels.push_back(end_of(run.overview.path, parts));
    const std::set<std::string> different(labels.begin(), labels.end());
    constexpr size_t kMostParts = 12;
    if (different.size() == labels.size() || parts == kMostParts) return labels;
  }
}

ordered_json curves_json(std::span<const RunRecord> runs) {
  std::vector<std::map<std::string, Series>> series;
  std::set<std::string> keys;
  for (const RunRecord& run : runs) {
    series.push_back(series_of(run));
    for (const auto& [key, values] : series.back()) {
      if (!std::ranges::all_of(values.values, [](double v) { return std::isnan(v); }))
        keys.insert(key);
    }
  }
  ordered_json json{{"runs", ordered_json::array()}, {"panels", ordered_json::array()}};
  std::map<std::string, double> scales;
  for (const Panel& panel : panels_of(keys)) {
    json["panels"].push_back(panel_json(panel));
    for (const PanelKey& key : panel.keys) scales[key.key] = key.scale;
  }
  const size_t buckets =
      std::clamp(kBucketsOfPage / std::max<size_t>(runs.size(), 1), kFewestBuckets, kMostBuckets);
  const std::vector<std::string> labels = labels_of(runs);
  for (size_t i = 0; i < runs.size(); ++i)
    json["runs"].push_back(run_json(runs[i], labels[i], buckets, series[i], scales));
  return json;
}

}  // namespace stoker::report

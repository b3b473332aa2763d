#include "stoker/report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "stoker/core/json_fields.h"
#include "stoker/core/text.h"
#include "stoker/runs/metric_names.h"

namespace stoker::report {

namespace {

using nlohmann::ordered_json;

Better better_of(std::string_view metric) {
  const runs::MetricName* known = runs::find_metric(metric);
  if (metric == "train.loss" || (known != nullptr && known->lower_is_better)) return Better::kLower;
  return known != nullptr ? Better::kHigher : Better::kNeither;
}

void add_metrics(const RunRecord& run, std::vector<Figure>& figures) {
  const runs::MetricsRecord *last_train = nullptr, *last_eval = nullptr;
  for (const runs::MetricsRecord& record : run.metrics) {
    if (record.split == "train") last_train = &record;
    if (record.split == "val") last_eval = &record;
  }
  if (last_eval != nullptr) {
    for (const runs::MetricName& metric : runs::kEvalMetrics) {
      const auto value = last_eval->value(metric.name.substr(metric.name.find('.') + 1));
      if (value)
        figures.push_back(
            {std::string(metric.name), *value, unit_of(metric.name), better_of(metric.name)});
    }
  }
  const runs::RunOverview& overview = run.overview;
  if (overview.best) {
    figures.push_back({"best " + overview.metric, *overview.best, unit_of(overview.metric),
                       overview.lower_is_better ? Better::kLower : Better::kHigher});
  }
  if (last_train == nullptr) return;
  if (const auto loss = last_train->value("loss"))
    figures.push_back({"train.loss", *loss, Unit::kNumber, Better::kLower});
}

// The mean of a share over training time.
std::optional<double> mean_over_time(const RunRecord& run, std::string_view key) {
  double sum = 0, time = 0, before = 0;
  for (const runs::MetricsRecord& record : run.metrics) {
    const auto now = record.value("time_s"), value = record.value(key);
    if (record.split != "train" || !now) continue;
    if (value && *now > before) {
      sum += *value * (*now - before);
      time += *now - before;
    }
    before = *now;
  }
  return time > 0 ? std::optional(sum / time) : std::nullopt;
}

std::optional<double> highest(const RunRecord& run, std::string_view key) {
  std::optional<double> most;
  for (const runs::MetricsRecord& record : run.metrics)
    if (const auto value = record.value(key)) most = std::max(*value, most.value_or(*value));
  return most;
}

void add_cost(const RunRecord& run, std::vector<Figure>& figures) {
  const auto add = [&](const char* name, std::optional<double> value, Unit unit, Better better) {
    if (value && std::isfinite(*value)) figures.push_back({name, *value, unit, better});
  };
  const auto rate = number_in(run.summary, "images_per_s");
  const auto mean_rate = rate ? rate : mean_over_time(run, "images_per_s");
  add("images_per_s", mean_rate, Unit::kRate, Better::kHigher);
  add("data_wait", mean_over_time(run, "data_wait"), Unit::kShare, Better::kLower);
  if (run.overview.train_time_s > 0)
    add("train_time_s", run.overview.train_time_s, Unit::kSeconds, Better::kLower);
  const auto peak = number_in(run.summary, "peak_bytes");
  add("peak_bytes", peak ? peak : highest(run, "peak_bytes"), Unit::kBytes, Better::kLower);
  const auto energy = run.summary.find("energy");
  if (energy == run.summary.end() || !energy->is_object()) return;
  const auto joules = number_in(*energy, "joules");
  add("energy.kwh", number_in(*energy, "kwh"), Unit::kKilowattHours, Better::kLower);
  add("energy.cost", number_in(*energy, "cost"), Unit::kNumber, Better::kLower);
  add("energy.gco2", number_in(*energy, "gco2"), Unit::kGrams, Better::kLower);
  const double images = rate.value_or(0) * run.overview.train_time_s;
  if (joules && images > 0)
    add("joules_per_image", *joules / images, Unit::kJoules, Better::kLower);
}

}  // namespace

Unit unit_of(std::string_view metric) {
  const runs::MetricName* known = runs::find_metric(metric);
  return known != nullptr && known->unit == "share" ? Unit::kShare : Unit::kNumber;
}

std::vector<Figure> figures_of(const RunRecord& run) {
  std::vector<Figure> figures;
  add_metrics(run, figures);
  add_cost(run, figures);
  return figures;
}

std::string value_text(double value, Unit unit) {
  switch (unit) {
    case Unit::kNumber:
      return fmt::format("{:.4g}", value);
    case Unit::kShare:
      return fmt::format("{:.2f}%", 100 * value);
    case Unit::kRate:
      return value < 10 ? fmt::format("{:.2f} img/s", value)
                        : human_count(std::llround(value)) + " img/s";
    case Unit::kSeconds:
      return human_duration(value);
    case Unit::kBytes:
      return human_bytes(static_cast<uint64_t>(std::max(value, 0.0)));
    case Unit::kJoules:
      return fmt::format("{:.3g} J", value);
    case Unit::kKilowattHours:
      return fmt::format("{:.3g} kWh", value);
    case Unit::kGrams:
      return fmt::format("{:.3g} g", value);
  }
  return "";
}

}  // namespace stoker::report

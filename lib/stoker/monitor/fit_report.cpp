#include "stoker/monitor/fit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "stoker/core/json_text.h"
#include "stoker/core/shown.h"
#include "stoker/core/table_text.h"
#include "stoker/core/text.h"

namespace stoker::monitor {

namespace {

using Range = std::array<double, 2>;
using nlohmann::ordered_json;

// Two digits are all that an estimate has.
double rounded(double value) {
  if (!(value > 0) || !std::isfinite(value)) return 0;
  const double unit = std::pow(10.0, std::floor(std::log10(value)) - 1);
  return std::round(value / unit) * unit;
}

std::string count_text(double value) {
  return value < 10 ? fmt::format("{:.2g}", value) : human_count(std::llround(rounded(value)));
}

std::string range_text(const Range& range) {
  return fmt::format("{} to {}", count_text(range[0]), count_text(range[1]));
}

std::string time_text(const Range& seconds) {
  return fmt::format("{} to {}", human_duration(rounded(seconds[0])),
                     human_duration(rounded(seconds[1])));
}

std::string energy_text(const Range& range) {
  constexpr double kLeast = 0.001;
  if (range[1] < kLeast) return fmt::format("below {}", kLeast);
  return fmt::format("{} to {}", count_text(std::max(range[0], kLeast)), count_text(range[1]));
}

std::string size_text(int64_t bytes) { return human_bytes(static_cast<uint64_t>(bytes)); }

std::string_view bound_text(const Estimate& estimate) {
  if (estimate.is_bound_by_host) return "by starting operators one by one";
  return estimate.is_bound_by_memory ? "by the speed of its memory" : "by arithmetic";
}

Range scaled(const Range& range, double factor) { return {factor * range[0], factor * range[1]}; }

std::string training_text(const Training& training) {
  const Work& work = training.work;
  return fmt::format(
      "{} on {}: {} parameters, {:.3g} GFLOPs to train on an image; {} steps of {} images\n",
      shown(training.model), training.input, human_count(training.parameters),
      1e-9 * work.flops_per_image, human_count(training.steps), human_count(work.batch_size));
}

std::string here_text(const FitReport& report) {
  if (!report.here) return fmt::format("\nThis machine cannot: {}\n", shown(report.why_not_here));
  const Fit& fit = *report.here;
  std::string text = fmt::format(
      "\nthis machine: {} in {}, measured at {} GFLOPS in matrix products and {} GB/s in copies, "
      "with {} of memory\n",
      shown(fit.device), arithmetic_name(fit.arithmetic), count_text(1e-9 * fit.rates.flops_per_s),
      count_text(1e-9 * fit.rates.bytes_per_s), size_text(fit.rates.memory_bytes));
  if (!fit.can_train()) return text + fmt::format("  cannot train it: {}\n", fit.why_not);
  text += fmt::format("  can train it in micro-batches of {}, which take about {}\n",
                      human_count(fit.estimate.microbatch), size_text(fit.memory_bytes));
  text += fmt::format("  about {} images/s, limited {}\n", range_text(fit.images_per_s),
                      bound_text(fit.estimate));
  return text + fmt::format("  about {} for the whole run\n", time_text(fit.run_s));
}

TextRow row_of(const Fit& fit, const FitReport& report) {
  TextRow row{fit.device, std::string(arithmetic_name(fit.arithmetic))};
  if (!fit.can_train()) {
    row.push_back(fit.why_not);
    return row;
  }
  row.push_back(human_count(fit.estimate.microbatch));
  row.push_back(range_text(fit.images_per_s));
  row.push_back(time_text(fit.run_s));
  row.push_back(fit.kwh ? energy_text(*fit.kwh) : "");
  if (fit.kwh && report.price_per_kwh)
    row.push_back(energy_text(scaled(*fit.kwh, *report.price_per_kwh)));
  return row;
}

std::string gpus_text(const FitReport& report) {
  std::vector<TextRow> rows{{"GPU", "in", "micro-batch", "images/s", "whole run", "kWh"}};
  if (report.price_per_kwh) rows[0].push_back("cost");
  for (const Fit& fit : report.gpus)
    if (fit.can_train()) rows.push_back(row_of(fit, report));
  std::string text = fmt::format("\n{}", aligned(rows));
  for (const Fit& fit : report.gpus)
    if (!fit.can_train()) text += fmt::format("{}: no, it {}\n", fit.device, fit.why_not);
  return text;
}

ordered_json fit_object(const Fit& fit, const FitReport& report) {
  ordered_json json{{"device", fit.device},
                    {"arithmetic", arithmetic_name(fit.arithmetic)},
                    {"can_train", fit.can_train()},
                    {"why_not", fit.why_not},
                    {"flops_per_s", fit.rates.flops_per_s},
                    {"bytes_per_s", fit.rates.bytes_per_s},
                    {"device_memory_bytes", fit.rates.memory_bytes}};
  if (!fit.can_train()) return json;
  json["microbatch"] = fit.estimate.microbatch;
  json["memory_bytes"] = fit.memory_bytes;
  json["bound_images_per_s"] = fit.estimate.images_per_s;
  json["limited_by"] = fit.estimate.is_bound_by_host     ? "host"
                       : fit.estimate.is_bound_by_memory ? "memory"
                                                         : "arithmetic";
  json["images_per_s"] = fit.images_per_s;
  json["run_s"] = fit.run_s;
  json["kwh"] = fit.kwh ? ordered_json(*fit.kwh) : ordered_json(nullptr);
  if (fit.kwh && report.price_per_kwh) json["cost"] = scaled(*fit.kwh, *report.price_per_kwh);
  if (fit.kwh && report.gco2_per_kwh) json["gco2"] = scaled(*fit.kwh, *report.gco2_per_kwh);
  return json;
}

}  // namespace

std::string fit_text(const FitReport& report) {
  return training_text(report.training) + here_text(report) + gpus_text(report) +
         "\nAll of this is estimated from operations and bytes (docs/gpus.md), for one device, "
         "without evaluations\nand while images come fast enough. `stoker bench step` and `stoker "
         "bench loader` measure both here.\n";
}

std::string fit_json(const FitReport& report) {
  const Training& training = report.training;
  ordered_json json{
      {"can_train", report.can_train_here()},
      {"training",
       {{"model", training.model},
        {"input", training.input},
        {"parameters", training.parameters},
        {"steps", training.steps},
        {"batch_size", training.work.batch_size},
        {"images", training.work.images},
        {"flops_per_image", training.work.flops_per_image},
        {"fixed_bytes", training.work.fixed_bytes},
        {"kept_bytes_per_image_fp32", training.work.kept_per_image}}},
      {"here", report.here ? fit_object(*report.here, report) : ordered_json(nullptr)},
      {"why_not_here", report.why_not_here},
      {"gpus", ordered_json::array()}};
  for (const Fit& fit : report.gpus) json["gpus"].push_back(fit_object(fit, report));
  return json_text(json, 2) + "\n";
}

}  // namespace stoker::monitor

#include "stoker/train/rank_report.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "stoker/core/json_text.h"
#include "stoker/train/position.h"

namespace stoker::train {

namespace {

using nlohmann::json;

json energy_json(const monitor::EnergyTotals& energy) {
  json numbers = json::object();
  for (const auto& field : energy_fields()) {
    const double value = energy.*std::get<double monitor::EnergyTotals::*>(field.value);
    if (!std::isnan(value)) numbers[std::string(field.name)] = value;
  }
  return numbers;
}

double number(const json& object, std::string_view key, double otherwise) {
  const auto found = object.is_object() ? object.find(std::string(key)) : object.end();
  return found != object.end() && found->is_number() ? found->get<double>() : otherwise;
}

std::string text_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

monitor::EnergyTotals energy_in(const json& object, const char* key) {
  monitor::EnergyTotals energy;
  const auto found = object.find(key);
  if (found == object.end()) return energy;
  for (const auto& field : energy_fields()) {
    double& value = energy.*std::get<double monitor::EnergyTotals::*>(field.value);
    value = number(*found, field.name, value);
  }
  return energy;
}

}  // namespace

std::string to_json(const RankReport& report) {
  json saved{{"window", monitor::window_json(report.window)},
             {"of_steps", energy_json(report.of_steps)},
             {"undelivered", energy_json(report.undelivered)},
             {"gpu", report.gpu},
             {"why_no_gpu", report.why_no_gpu},
             {"works", report.works},
             {"usable_cpus", report.usable_cpus}};
  if (report.peak_tflops) saved["peak_tflops"] = *report.peak_tflops;
  return json_text(saved);
}

RankReport rank_report(std::string_view text) {
  RankReport report;
  const json saved = try_parse_json(text);
  if (!saved.is_object()) return report;
  report.window = monitor::window_from_json(text_in(saved, "window"));
  report.gpu = text_in(saved, "gpu");
  report.why_no_gpu = text_in(saved, "why_no_gpu");
  if (const double peak = number(saved, "peak_tflops", 0); peak > 0) report.peak_tflops = peak;
  report.of_steps = energy_in(saved, "of_steps");
  report.undelivered = energy_in(saved, "undelivered");
  report.works = number(saved, "works", 1);
  report.usable_cpus = static_cast<int>(number(saved, "usable_cpus", 0));
  return report;
}

}  // namespace stoker::train

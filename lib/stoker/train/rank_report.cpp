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
  return json_text(json{{"window", monitor::window_json(report.window)},
                        {"of_steps", energy_json(report.of_steps)},
                        {"undelivered", energy_json(report.undelivered)},
                        {"works", report.works},
                        {"usable_cpus", report.usable_cpus}});
}

RankReport rank_report(std::string_view text) {
  RankReport report;
  const json saved = try_parse_json(text);
  if (!saved.is_object()) return report;
  if (const auto window = saved.find("window"); window != saved.end() && window->is_string())
    report.window = monitor::window_from_json(window->get<std::string>());
  report.of_steps = energy_in(saved, "of_steps");
  report.undelivered = energy_in(saved, "undelivered");
  report.works = number(saved, "works", 1);
  report.usable_cpus = static_cast<int>(number(saved, "usable_cpus", 0));
  return report;
}

}  // namespace stoker::train

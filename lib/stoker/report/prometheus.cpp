#include "stoker/report/prometheus.h"

#include <fmt/format.h>

#include <cmath>

#include "stoker/core/shown.h"
#include "stoker/runs/columns.h"

namespace stoker::report {

namespace {

struct Named {
  std::string name, help;
  double scale = 1;
  bool is_counter = false;
};

// A name of the format: [a-zA-Z_:][a-zA-Z0-9_:]*.
std::string clean(std::string_view key) {
  std::string name;
  for (const char c : key) {
    const bool is_letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += is_letter ? c : '_';
  }
  return name;
}

// "gpu_power_w" in watts: "stoker_gpu_power_watts".
std::string name_by_rule(std::string_view split, std::string_view key, const runs::Unit& unit) {
  if (key.ends_with(unit.suffix)) key.remove_suffix(unit.suffix.size());
  return (split == "val" ? "stoker_val_" : "stoker_") + clean(key) + std::string(unit.prometheus);
}

Named name_of(std::string_view split, std::string_view key) {
  const runs::Column* column = runs::find_column(split, key);
  const runs::Unit& unit = runs::unit_of(split, key);
  Named named{.name = name_by_rule(split, key, unit), .scale = unit.prometheus_scale};
  if (column == nullptr) {
    named.help =
        fmt::format("{} of the newest {}", shown(key), split == "val" ? "evaluation" : "log line");
    return named;
  }
  named.help = std::string(column->what);
  if (!column->prometheus.empty()) named.name = std::string(column->prometheus);
  named.is_counter = column->prometheus.ends_with("_total");
  return named;
}

std::string label_text(std::string_view value) {
  std::string text;
  for (const char c : shown(value)) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

std::string number(double value) { return fmt::format("{:.17g}", value); }

void add(std::string& text, const Named& figure, const std::string& labels, double value) {
  if (!std::isfinite(value)) return;
  text +=
      fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0}{{{3}}} {4}\n", figure.name, figure.help,
                  figure.is_counter ? "counter" : "gauge", labels, number(value * figure.scale));
}

bool is_left_out(std::string_view split, std::string_view key) {
  if (split == "val") return key == "epoch" || key == "time_s";  // the training's are newer
  return key == "joules";  // of one window: the sum is energy_kwh's
}

}  // namespace

std::string prometheus_text(const Exposition& exposition) {
  const std::string run = fmt::format("run=\"{}\"", label_text(exposition.run));
  std::string text;
  add(text, {"stoker_build_info", "what runs here"},
      fmt::format("version=\"{}\"", label_text(exposition.version)), 1);
  for (const runs::MetricsRecord* record : {&exposition.train, &exposition.eval}) {
    if (record->split.empty()) continue;
    if (record == &exposition.train)
      add(text, name_of("train", "step"), run, static_cast<double>(record->step));
    for (const auto& [key, value] : record->values)
      if (!is_left_out(record->split, key)) add(text, name_of(record->split, key), run, value);
  }
  return text;
}

}  // namespace stoker::report

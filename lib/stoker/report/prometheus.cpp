#include "stoker/report/prometheus.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "stoker/core/shown.h"
#include "stoker/core/units.h"

namespace stoker::report {

namespace {

struct Named {
  std::string name, help;
  double scale = 1;
  bool is_counter = false;
};

struct KnownFigure {
  std::string_view key;  // of metrics.jsonl
  std::string_view name, help;
  double scale = 1;
  bool is_counter = false;
};

constexpr KnownFigure kKnown[] = {
    {"step", "stoker_steps_total", "optimizer steps that are finished", 1, true},
    {"epoch", "stoker_epochs_total", "passes over the data that are finished", 1, true},
    {"time_s", "stoker_train_seconds_total", "time in steps, before resumes too", 1, true},
    {"energy_kwh", "stoker_energy_joules_total", "energy, before resumes too", kJoulesPerKwh, true},
    {"loss", "stoker_train_loss", "mean loss since the log line before"},
    {"lr", "stoker_learning_rate", "base learning rate of the newest step"},
    {"images_per_s", "stoker_images_per_second", "images a second since the log line before"},
    {"data_wait", "stoker_data_wait_ratio", "share of the steps' time that waited for images"},
    {"peak_bytes", "stoker_tensor_memory_peak_bytes", "the most that tensors held"},
    {"memory_gib", "stoker_memory_bytes", "memory in use of the process or device", kGib},
};

struct UnitName {
  std::string_view end, name;
  double scale;
};
constexpr UnitName kUnits[] = {
    {"_gib_s", "_bytes_per_second", kGib},
    {"_mib_s", "_bytes_per_second", kMib},
    {"_gib", "_bytes", kGib},
    {"_us", "_seconds", 1e-6},
    {"_mhz", "_hertz", 1e6},
    {"_w", "_watts", 1},
    {"_c", "_celsius", 1},
    {"_s", "_seconds", 1},
    {"_kwh", "_joules", kJoulesPerKwh},
    {"_bytes", "_bytes", 1},
};
// Shares of 1, by their names or their beginnings.
constexpr std::string_view kShares[] = {
    "top1",          "top5",           "mfu",           "hfu",      "gpu_util",
    "gpu_sm_busy",   "gpu_occupancy",  "gpu_tensor",    "gpu_dram", "gpu_held_power",
    "gpu_held_heat", "gpu_held_brake", "gpu_held_sync", "cpu_wait", "cpu_held"};

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

Named by_rule(std::string_view split, std::string_view key) {
  const std::string prefix = split == "val" ? "stoker_val_" : "stoker_";
  const std::string help =
      fmt::format("{} of the newest {}", shown(key), split == "val" ? "evaluation" : "log line");
  for (const UnitName& unit : kUnits)
    if (key.ends_with(unit.end) && !key.ends_with("_per_s"))
      return {prefix + clean(key.substr(0, key.size() - unit.end.size())) + std::string(unit.name),
              help, unit.scale};
  const bool is_share = std::ranges::find(kShares, key) != std::end(kShares);
  return {prefix + clean(key) + (is_share ? "_ratio" : ""), help};
}

Named name_of(std::string_view split, std::string_view key) {
  const auto* known = std::ranges::find(kKnown, key, &KnownFigure::key);
  if (split != "train" || known == std::end(kKnown)) return by_rule(split, key);
  return {std::string(known->name), std::string(known->help), known->scale, known->is_counter};
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
  if (split == "val") return key == "epoch" || key == "time_s";
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

#include "stoker/callbacks/machine_columns.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

namespace stoker::callbacks {

namespace {

using monitor::Window;
using train::MachineLine;
using train::State;

using Value = std::optional<double>;

Number or_none(const Value& value) { return value.value_or(std::nan("")); }

// A figure of the log line's own, and the same where it is always there.
Column row(std::string_view name, Value MachineLine::*value) {
  return {runs::train_columns(), name,
          [value](const State& s) { return or_none(s.machine.*value); }, nullptr,
          /*may_lack=*/true};
}
Column row(std::string_view name, double MachineLine::*value) {
  return {runs::train_columns(), name,
          [value](const State& s) { return Number(s.machine.*value); }};
}

// "412/700 W"
std::string power_text(double watts, const State& state) {
  const Value limit = state.machine.window.gpu_power_limit_w;
  return limit ? fmt::format("{:.0f}/{:.0f} W", watts, *limit) : fmt::format("{:.0f} W", watts);
}

// "64 C", and what holds the clock down for a tenth of the time or more.
std::string temperature_text(double celsius, const State& state) {
  constexpr double kNoticed = 0.1;
  const Window& window = state.machine.window;
  std::string text = fmt::format("{:.0f} C", celsius);
  if (const double heat = window.gpu_held_heat.value_or(0); heat >= kNoticed)
    text += fmt::format(" slowed by heat {:.0f}%", 100 * heat);
  if (const double brake = window.gpu_held_brake.value_or(0); brake >= kNoticed)
    text += fmt::format(" slowed by a power brake {:.0f}%", 100 * brake);
  if (const double other = window.gpu_held_other.value_or(0); other >= kNoticed)
    text += fmt::format(" slowed by its board {:.0f}%", 100 * other);
  return text;
}

// A card whose driver has no figure of any kernel, as a MIG slice, has that of its processors.
std::string busy_text(double share, const State& state) {
  return state.machine.window.gpu_util ? "" : fmt::format("sm {:.0f}%", 100 * share);
}

// "cpu 1.9/2", where no GPU is read.
std::string cpu_text(double processors, const State& state) {
  const Window& window = state.machine.window;
  if (window.gpu_util || window.gpu_sm_busy || window.gpu_power_w) return "";
  return fmt::format("cpu {:.1f}/{}", processors, state.machine.usable_cpus);
}

struct Shown {
  std::string_view name;
  ConsoleText text;
};

ConsoleText console_of(std::string_view name) {
  static const std::vector<Shown> shown{
      {"gpu_util",
       [](double share, const State&) { return fmt::format("gpu {:.0f}%", 100 * share); }},
      {"gpu_sm_busy", busy_text},
      {"gpu_power_w", power_text},
      {"gpu_temp_c", temperature_text},
      {"cpu_used", cpu_text}};
  for (const Shown& each : shown) {
    if (each.name == name) return each.text;
  }
  return nullptr;
}

}  // namespace

std::vector<Column> machine_columns() {
  std::vector<Column> columns{
      row("wall_s", &MachineLine::wall_s),
      row("save_s", &MachineLine::save_s),
      row("exchange_wait_s", &MachineLine::exchange_wait_s),
      {runs::train_columns(), "loader_threads",
       [](const State& s) { return Number(int64_t{s.position.window.loader_threads}); }},
      {runs::train_columns(), "usable_cpus",
       [](const State& s) { return Number(int64_t{s.machine.usable_cpus}); }}};
  for (const monitor::Figure& figure : monitor::figures()) {
    columns.emplace_back(
        runs::train_columns(), figure.name,
        [value = figure.value](const State& s) { return or_none(s.machine.window.*value); },
        console_of(figure.name), /*may_lack=*/true);
  }
  columns.insert(
      columns.end(),
      {row("joules", &MachineLine::joules), row("joules_per_step", &MachineLine::joules_per_step),
       row("joules_per_image", &MachineLine::joules_per_image),
       row("energy_kwh", &MachineLine::energy_kwh), row("tflops", &MachineLine::tflops),
       row("mfu", &MachineLine::mfu), row("hfu", &MachineLine::hfu),
       row("slowest_rank", &MachineLine::slowest_rank),
       row("slowest_rank_works", &MachineLine::slowest_rank_works),
       row("mean_rank_works", &MachineLine::mean_rank_works)});
  return columns;
}

}  // namespace stoker::callbacks

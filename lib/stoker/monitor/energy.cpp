#include "stoker/monitor/energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "stoker/core/units.h"

namespace stoker::monitor {

namespace {

// Less than this share of the time is said.
constexpr double kMostlyMeasured = 0.99;

void add_measured(double& sum, double more) {
  if (std::isnan(more)) return;
  sum = std::isnan(sum) ? more : sum + more;
}

std::string share_text(double measured_s, double of_s) {
  if (of_s <= 0 || measured_s >= kMostlyMeasured * of_s) return "";
  return fmt::format(" for {:.0f}% of the time", 100 * measured_s / of_s);
}

struct Part {
  std::optional<double> joules;
  std::string method;
};

Part gpu_part(const EnergyTotals& totals) {
  if (totals.gpu_s <= 0) return {};
  // A counter that stands still while power flows is broken.
  const bool has_counter = totals.gpu_counter_j > 0;
  const double joules = has_counter ? totals.gpu_counter_j : totals.gpu_integral_j;
  if (std::isnan(joules)) return {std::nullopt, "GPU: not measured"};
  return {joules, fmt::format("GPU: {}{}{}", has_counter ? "counter" : "integral of its power",
                              totals.is_estimated != 0 ? ", its slice's share estimated" : "",
                              share_text(totals.gpu_measured_s, totals.gpu_s))};
}

Part cpu_part(const EnergyTotals& totals) {
  if (!std::isnan(totals.cpu_counter_j)) {
    return {totals.cpu_counter_j,
            "CPU: RAPL, whole packages" + share_text(totals.cpu_measured_s, totals.cpu_s)};
  }
  if (!std::isnan(totals.cpu_model_j))
    return {totals.cpu_model_j, "CPU: modelled from monitor.cpu_tdp_w"};
  return {std::nullopt, "CPU: not measured"};
}

}  // namespace

void EnergyTotals::add(const EnergyTotals& other) {
  add_measured(gpu_counter_j, other.gpu_counter_j);
  add_measured(gpu_integral_j, other.gpu_integral_j);
  add_measured(cpu_counter_j, other.cpu_counter_j);
  add_measured(cpu_model_j, other.cpu_model_j);
  gpu_s += other.gpu_s;
  gpu_measured_s += other.gpu_measured_s;
  cpu_s += other.cpu_s;
  cpu_measured_s += other.cpu_measured_s;
  is_estimated = std::max(is_estimated, other.is_estimated);
}

void EnergyMeter::add(double time_s, const std::optional<GpuReading>& gpu, const CpuReading& cpu) {
  const GpuReading card = gpu.value_or(GpuReading{});
  if (last_s_) {
    const double interval_s = time_s - *last_s_;
    if (options_.has_gpu) add_gpu(interval_s, card);
    if (options_.counts_cpu) add_cpu(interval_s, cpu);
  }
  last_s_ = time_s;
  gpu_ = card;
  cpu_ = cpu;
}

void EnergyMeter::add_gpu(double interval_s, const GpuReading& now) {
  since_.gpu_s += interval_s;
  bool is_measured = false;
  if (now.energy_j && gpu_.energy_j && *now.energy_j >= *gpu_.energy_j) {
    add_measured(since_.gpu_counter_j, options_.share * (*now.energy_j - *gpu_.energy_j));
    is_measured = true;
  }
  if (now.power_w && gpu_.power_w) {
    add_measured(since_.gpu_integral_j,
                 options_.share * interval_s * (*now.power_w + *gpu_.power_w) / 2);
    is_measured = true;
  }
  if (is_measured) since_.gpu_measured_s += interval_s;
  if (options_.share < 1) since_.is_estimated = 1;
}

void EnergyMeter::add_cpu(double interval_s, const CpuReading& now) {
  since_.cpu_s += interval_s;
  if (now.energy_j && cpu_.energy_j && *now.energy_j >= *cpu_.energy_j) {
    add_measured(since_.cpu_counter_j, *now.energy_j - *cpu_.energy_j);
    since_.cpu_measured_s += interval_s;
  } else if (options_.cpu_tdp_w) {
    add_measured(since_.cpu_model_j,
                 *options_.cpu_tdp_w * (now.process_s - cpu_.process_s) / options_.machine_cpus);
  }
}

EnergyTotals EnergyMeter::take() { return std::exchange(since_, EnergyTotals{}); }

EnergyReport report_energy(const EnergyTotals& totals, const EnergyPrices& prices) {
  EnergyReport report;
  const Part gpu = gpu_part(totals), cpu = cpu_part(totals);
  report.gpu_j = gpu.joules;
  report.cpu_j = cpu.joules;
  report.method = gpu.method.empty() ? cpu.method : gpu.method + "; " + cpu.method;
  if (totals.gpu_counter_j > 0 && totals.gpu_integral_j > 0)
    report.disagreement = totals.gpu_integral_j / totals.gpu_counter_j - 1;
  if (!gpu.joules && !cpu.joules) return report;
  report.joules = gpu.joules.value_or(0) + cpu.joules.value_or(0);
  report.kwh = *report.joules / kJoulesPerKwh;
  if (prices.price_per_kwh) report.cost = *report.kwh * *prices.price_per_kwh;
  if (prices.gco2_per_kwh) report.gco2 = *report.kwh * *prices.gco2_per_kwh;
  return report;
}

std::string energy_text(const EnergyReport& report) {
  if (!report.joules) return "not measured";
  std::string text = *report.kwh < 0.1 ? fmt::format("{:.3g} kJ", *report.joules * 1e-3)
                                       : fmt::format("{:.3g} kWh", *report.kwh);
  std::string more;
  if (report.cost) more += fmt::format("costing {:.3g}", *report.cost);
  if (report.gco2) more += fmt::format("{}{:.3g} g of CO2", more.empty() ? "" : ", ", *report.gco2);
  return more.empty() ? text : fmt::format("{} ({})", text, more);
}

}  // namespace stoker::monitor

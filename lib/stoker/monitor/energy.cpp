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

std::string gpu_method(const EnergyTotals& totals) {
  const bool by_counter = totals.gpu_by_integral_s < totals.gpu_measured_s;
  const double share = totals.gpu_by_integral_s / std::max(totals.gpu_measured_s, 1e-9);
  std::string text = by_counter ? "counter" : "integral of its power";
  if (by_counter && share > 1 - kMostlyMeasured)
    text += fmt::format(", integral of its power for {:.0f}% of it", 100 * share);
  if (totals.is_of_module != 0 && totals.gpu_by_integral_s > 0)
    text += ", of the module with its processor";
  if (totals.is_estimated != 0) text += ", its slice's share estimated";
  return text + share_text(totals.gpu_measured_s, totals.gpu_s);
}

Part gpu_part(const EnergyTotals& totals) {
  if (totals.gpu_s <= 0) return {};
  if (std::isnan(totals.gpu_j)) return {std::nullopt, "GPU: not measured"};
  return {totals.gpu_j, "GPU: " + gpu_method(totals)};
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
  add_measured(gpu_j, other.gpu_j);
  add_measured(cpu_counter_j, other.cpu_counter_j);
  add_measured(cpu_model_j, other.cpu_model_j);
  gpu_s += other.gpu_s;
  gpu_measured_s += other.gpu_measured_s;
  gpu_by_integral_s += other.gpu_by_integral_s;
  cpu_s += other.cpu_s;
  cpu_measured_s += other.cpu_measured_s;
  is_estimated = std::max(is_estimated, other.is_estimated);
  is_of_module = std::max(is_of_module, other.is_of_module);
}

void EnergyMeter::add(double time_s, const std::optional<GpuReading>& gpu, const CpuReading& cpu) {
  const GpuReading card = gpu.value_or(GpuReading{});
  if (last_s_) {
    const double interval_s = time_s - *last_s_;
    if (options_.has_gpu) add_gpu(interval_s, card);
    add_cpu(interval_s, cpu);
  } else {
    counter_j_ = card.energy_j;
  }
  last_s_ = time_s;
  gpu_ = card;
  cpu_ = cpu;
}

// What the counter grew by since the newest reading that had one; nothing where it has none now,
// went back, or has stood still so far, as that of a card whose counter is broken.
std::optional<double> EnergyMeter::counted(const GpuReading& now) {
  if (!now.energy_j) return std::nullopt;
  const std::optional<double> before = std::exchange(counter_j_, now.energy_j);
  if (!before || *now.energy_j < *before) return std::nullopt;
  const double joules = options_.share * (*now.energy_j - *before);
  add_measured(since_.gpu_counter_j, joules);
  has_counter_grown_ = has_counter_grown_ || joules > 0;
  return has_counter_grown_ ? std::optional(joules) : std::nullopt;
}

void EnergyMeter::add_gpu(double interval_s, const GpuReading& now) {
  since_.gpu_s += interval_s;
  if (options_.share < 1) since_.is_estimated = 1;
  if (now.power_is_of_module) since_.is_of_module = 1;
  std::optional<double> integral;
  if (now.power_w && gpu_.power_w) {
    integral = options_.share * interval_s * (*now.power_w + *gpu_.power_w) / 2;
    add_measured(since_.gpu_integral_j, *integral);
  }
  const bool begins_anew = now.energy_j && (!counter_j_ || *now.energy_j < *counter_j_);
  const std::optional<double> counter = counted(now);
  if (counter) {  // of the gap too, which takes the place of what stands for that
    add_measured(since_.gpu_j, *counter - gap_j_);
    since_.gpu_measured_s += interval_s + gap_s_ - gap_measured_s_;
    since_.gpu_by_integral_s -= gap_measured_s_;
  } else if (integral) {
    add_measured(since_.gpu_j, *integral);
    since_.gpu_measured_s += interval_s;
    since_.gpu_by_integral_s += interval_s;
  }
  if (counter || begins_anew) {
    gap_s_ = gap_measured_s_ = gap_j_ = 0;
  } else {
    gap_s_ += interval_s;
    if (integral) gap_measured_s_ += interval_s;
    gap_j_ += integral.value_or(0);
  }
}

void EnergyMeter::add_cpu(double interval_s, const CpuReading& now) {
  if (options_.counts_cpu) {
    since_.cpu_s += interval_s;
    if (now.energy_j && cpu_.energy_j && *now.energy_j >= *cpu_.energy_j) {
      add_measured(since_.cpu_counter_j, *now.energy_j - *cpu_.energy_j);
      since_.cpu_measured_s += interval_s;
      return;
    }
  }
  if (options_.cpu_tdp_w) {
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
  const auto measured = [](double joules) {
    return std::isnan(joules) ? std::nullopt : std::optional(joules);
  };
  report.gpu_counter_j = measured(totals.gpu_counter_j);
  report.gpu_integral_j = measured(totals.gpu_integral_j);
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

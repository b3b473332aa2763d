// What a run's energy is, from readings: two ways of measuring a GPU's, side by side, and the
// processors'. What was not measured is NaN or "not measured", never a guess, but for the figure
// that a user gives.
//
//   EnergyMeter meter({.share = info.share});
//   meter.add(now_s, gpu_reading, cpu_reading);      // at each sample
//   totals.add(meter.take());                        // kept in checkpoints
//   const EnergyReport report = report_energy(totals, {.price_per_kwh = 0.3});
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "stoker/monitor/reading.h"

namespace stoker::monitor {

inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

// Joules over some time, and for how much of it they were measured.
struct EnergyTotals {
  double gpu_counter_j = kNotMeasured;   // by the card's own counter
  double gpu_integral_j = kNotMeasured;  // by the power at each sample, as trapezoids
  double gpu_j = kNotMeasured;  // of both, the counter where it could be read, else the integral
  double cpu_counter_j = kNotMeasured;   // by RAPL, of whole packages
  double cpu_model_j = kNotMeasured;     // monitor.cpu_tdp_w times the use of the processors
  double gpu_s = 0, gpu_measured_s = 0;  // summed over GPUs
  double gpu_by_integral_s = 0;          // of the measured time, that gpu_j has by the integral
  double cpu_s = 0, cpu_measured_s = 0;  // summed over machines
  double is_estimated = 0;               // not 0: a MIG slice's share of its card
  double is_of_module = 0;               // not 0: with the processor of its module (Grace Hopper)

  // What is measured on either side counts.
  void add(const EnergyTotals& other);
};

struct EnergyMeterOptions {
  double share = 1;  // of the card's power, of a MIG slice
  bool has_gpu = false;
  bool counts_cpu = true;           // by RAPL: one process of each machine does
  std::optional<double> cpu_tdp_w;  // of all processors at full load
  int machine_cpus = 1;
};

class EnergyMeter {
 public:
  explicit EnergyMeter(const EnergyMeterOptions& options) : options_(options) {}

  // time_s: of a clock that does not jump. For an interval whose counter went back (the driver was
  // loaded again) the integral counts; so it does while a counter cannot be read, until that says
  // what the whole gap took.
  void add(double time_s, const std::optional<GpuReading>& gpu, const CpuReading& cpu);
  // Since the last take().
  EnergyTotals take();

 private:
  void add_gpu(double interval_s, const GpuReading& now);
  std::optional<double> counted(const GpuReading& now);
  void add_cpu(double interval_s, const CpuReading& now);

  EnergyMeterOptions options_;
  EnergyTotals since_;
  std::optional<double> last_s_;
  GpuReading gpu_;
  CpuReading cpu_;
  std::optional<double> counter_j_;  // of the newest reading that had one
  bool has_counter_grown_ = false;
  // Since then, or as long as it has not grown; and what of it stands in the totals so far.
  double gap_s_ = 0, gap_measured_s_ = 0, gap_j_ = 0;
};

struct EnergyPrices {
  std::optional<double> price_per_kwh;  // in the user's currency
  std::optional<double> gco2_per_kwh;
};

struct EnergyReport {
  std::optional<double> joules;  // none: not measured
  std::optional<double> kwh, cost, gco2;
  std::optional<double> gpu_j, cpu_j;
  std::optional<double> gpu_counter_j, gpu_integral_j;
  std::string method;  // "GPU: counter; CPU: not measured"
  // By how much the integral of a GPU's power is above its counter, as a share; none unless both
  // are there.
  std::optional<double> disagreement;
};

// From where on the two ways of measuring are worth a warning.
inline constexpr double kLargeDisagreement = 0.1;

EnergyReport report_energy(const EnergyTotals& totals, const EnergyPrices& prices);

// "1.24 kWh (0.37, 471 g CO2)"
std::string energy_text(const EnergyReport& report);

}  // namespace stoker::monitor

#include "stoker/monitor/window.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "stoker/core/units.h"
#include "stoker/monitor/nvml_api.h"

namespace stoker::monitor {

namespace {

std::optional<double> real(std::optional<int64_t> value, double factor = 1) {
  return value ? std::optional(factor * static_cast<double>(*value)) : std::nullopt;
}

// Nothing where a counter is missing or went back.
std::optional<double> grown(std::optional<double> before, std::optional<double> now) {
  if (!before || !now || *now < *before) return std::nullopt;
  return *now - *before;
}

// Adds what bytes grew by from one reading to the next. Some drivers wrap them at 32 bits: of what
// passes 4 GiB between two readings the whole multiples are not seen.
void add_growth(std::optional<double>& sum, std::optional<int64_t> before,
                std::optional<int64_t> now) {
  if (!before || !now) return;
  constexpr int64_t kWrap = int64_t{1} << 32;
  const int64_t bytes = *now >= *before ? *now - *before : *now + kWrap - *before;
  if (bytes >= 0) sum = sum.value_or(0) + static_cast<double>(bytes);
}

// What a PCIe link moves each way, in GiB/s (PCI-SIG: transfers a second by encoding).
std::optional<double> link_gib_s(const GpuReading& gpu) {
  static constexpr std::array<double, 7> of_lane{0, 0.25, 0.5, 0.985, 1.969, 3.938, 7.563};
  const int64_t generation = gpu.pcie_generation.value_or(0);
  if (generation < 1 || generation >= std::ssize(of_lane) || !gpu.pcie_width) return std::nullopt;
  constexpr double kGbInGib = 0.931;
  return kGbInGib * static_cast<double>(*gpu.pcie_width) * of_lane[static_cast<size_t>(generation)];
}

std::optional<double> sum_of(std::optional<double> a, std::optional<double> b) {
  if (!a && !b) return std::nullopt;
  return a.value_or(0) + b.value_or(0);
}

std::optional<double> per(std::optional<double> value, double divisor) {
  return value && divisor > 0 ? std::optional(*value / divisor) : std::nullopt;
}

std::optional<double> share(std::optional<double> value, double of) {
  const auto result = per(value, of);
  return result ? std::optional(std::min(*result, 1.0)) : std::nullopt;
}

}  // namespace

void WindowMaker::Mean::add(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return;
  sum += *value;
  ++count;
}

std::optional<double> WindowMaker::Mean::value() const {
  return count > 0 ? std::optional(sum / static_cast<double>(count)) : std::nullopt;
}

void WindowMaker::add_to_means(const GpuReading& gpu, const CpuReading& cpu) {
  ++means_.samples;
  means_.util.add(gpu.any_kernel);
  means_.sm_busy.add(gpu.sm_busy);
  means_.occupancy.add(gpu.occupancy);
  means_.tensor.add(gpu.tensor);
  means_.dram.add(gpu.dram);
  means_.memory_busy.add(gpu.memory_busy);
  means_.memory.add(real(gpu.memory_used_bytes, 1 / kGib));
  means_.others.add(real(gpu.memory_others_bytes, 1 / kGib));
  means_.power.add(gpu.power_w);
  means_.temperature.add(gpu.temperature_c);
  means_.sm_mhz.add(gpu.sm_mhz);
  means_.memory_mhz.add(gpu.memory_mhz);
  means_.resident.add(real(cpu.resident_bytes, 1 / kGib));
  if (!gpu.reasons) return;
  means_.reasons |= *gpu.reasons;
  // Where the card counts no nanoseconds: how many of the samples saw it.
  const auto seen = [&](uint64_t bits) { return (*gpu.reasons & bits) != 0 ? 1.0 : 0.0; };
  means_.held_power.add(seen(nvml::kReasonPowerCap));
  means_.held_heat.add(seen(nvml::kReasonHeat | nvml::kReasonHeatHw));
  means_.held_brake.add(seen(nvml::kReasonPowerBrake));
  means_.held_sync.add(seen(nvml::kReasonSyncBoost));
  // The general bit of hardware comes with each of its particular ones.
  constexpr uint64_t kParticular = nvml::kReasonHeatHw | nvml::kReasonPowerBrake;
  const uint64_t hardware = (*gpu.reasons & kParticular) == 0 ? nvml::kReasonHwSlowdown : 0;
  means_.held_other.add(seen(hardware | nvml::kReasonBoardLimit | nvml::kReasonReliability));
}

void WindowMaker::add_traffic(const Moment& now) {
  if (!last_) return;
  const GpuReading& before = last_->gpu;
  const double interval_s = now.time_s - last_->time_s;
  // The card's own rate, which does not wrap, or else the counter.
  const auto add_rate = [&](std::optional<double>& sum, std::optional<double> mib_s,
                            std::optional<int64_t> counted_before, std::optional<int64_t> counted) {
    if (mib_s)
      sum = sum.value_or(0) + kMib * *mib_s * interval_s;
    else
      add_growth(sum, counted_before, counted);
  };
  add_rate(traffic_.pcie_sent, now.gpu.pcie_sent_mib_s, before.pcie_sent_bytes,
           now.gpu.pcie_sent_bytes);
  add_rate(traffic_.pcie_received, now.gpu.pcie_received_mib_s, before.pcie_received_bytes,
           now.gpu.pcie_received_bytes);
  add_growth(traffic_.nvlink_sent, before.nvlink_sent_bytes, now.gpu.nvlink_sent_bytes);
  add_growth(traffic_.nvlink_received, before.nvlink_received_bytes, now.gpu.nvlink_received_bytes);
}

void WindowMaker::add(double time_s, const std::optional<GpuReading>& gpu, const CpuReading& cpu) {
  Moment now{time_s, gpu.value_or(GpuReading{}), cpu};
  add_to_means(now.gpu, now.cpu);
  add_traffic(now);
  if (!begin_) begin_ = now;
  last_ = now;
}

void WindowMaker::add_counters(Window& window) const {
  const GpuReading &before = begin_->gpu, &now = last_->gpu;
  const double interval_s = last_->time_s - begin_->time_s;
  const auto held = [&](std::optional<double> GpuReading::*counter, Window::Value& value) {
    if (const auto part = share(grown(before.*counter, now.*counter), interval_s)) value = part;
  };
  held(&GpuReading::held_by_power_s, window.gpu_held_power);
  held(&GpuReading::held_by_heat_s, window.gpu_held_heat);
  held(&GpuReading::held_by_brake_s, window.gpu_held_brake);
  held(&GpuReading::held_by_sync_s, window.gpu_held_sync);
  window.gpu_pcie_gib_s =
      per(sum_of(traffic_.pcie_sent, traffic_.pcie_received), kGib * interval_s);
  window.gpu_nvlink_gib_s =
      per(sum_of(traffic_.nvlink_sent, traffic_.nvlink_received), kGib * interval_s);
  if (const auto link = link_gib_s(now); link && window.gpu_pcie_gib_s) {
    const double more =
        std::max(traffic_.pcie_sent.value_or(0), traffic_.pcie_received.value_or(0));
    window.gpu_pcie_busy = share(more, kGib * interval_s * *link);
  }

  const CpuReading &first = begin_->cpu, &last = last_->cpu;
  const auto used_s = grown(first.process_s, last.process_s);
  window.cpu_used = per(used_s, interval_s);
  if (const auto all = grown(first.system_s, last.system_s); all && used_s)
    window.cpu_others = per(std::max(*all - *used_s, 0.0), interval_s);
  window.cpu_wait = share(grown(first.wait_s, last.wait_s), interval_s);
  const auto periods = grown(real(first.periods), real(last.periods));
  if (periods && *periods > 0)
    window.cpu_held = share(grown(real(first.held_periods), real(last.held_periods)), *periods);
  window.disk_mib_s =
      per(grown(real(first.disk_read_bytes), real(last.disk_read_bytes)), kMib * interval_s);
}

Window WindowMaker::take() {
  Window window;
  if (!last_) return window;
  const bool is_short = means_.samples == 0;
  if (is_short) add_to_means(last_->gpu, last_->cpu);
  window.samples = is_short ? 0 : means_.samples;
  window.is_lost = last_->gpu.is_lost;
  window.is_of_module = last_->gpu.power_is_of_module;
  window.reasons = means_.reasons;
  window.last_xid = last_->gpu.last_xid;
  window.gpu_memory_busy = means_.memory_busy.value();
  window.gpu_util = means_.util.value();
  window.gpu_sm_busy = means_.sm_busy.value();
  window.gpu_occupancy = means_.occupancy.value();
  window.gpu_tensor = means_.tensor.value();
  window.gpu_dram = means_.dram.value();
  window.gpu_memory_gib = means_.memory.value();
  window.gpu_others_gib = means_.others.value();
  window.gpu_power_w = means_.power.value();
  window.gpu_power_limit_w = last_->gpu.power_limit_w;
  window.gpu_temp_c = means_.temperature.value();
  window.gpu_sm_mhz = means_.sm_mhz.value();
  window.gpu_memory_mhz = means_.memory_mhz.value();
  window.gpu_held_power = means_.held_power.value();
  window.gpu_held_heat = means_.held_heat.value();
  window.gpu_held_brake = means_.held_brake.value();
  window.gpu_held_sync = means_.held_sync.value();
  window.gpu_held_other = means_.held_other.value();
  window.gpu_pcie_generation = real(last_->gpu.pcie_generation);
  window.gpu_pcie_width = real(last_->gpu.pcie_width);
  window.gpu_ecc_corrected = real(last_->gpu.ecc_corrected);
  window.gpu_ecc_uncorrected = real(last_->gpu.ecc_uncorrected);
  const bool has_card = last_->gpu.any_kernel || last_->gpu.power_w || last_->gpu.temperature_c;
  if (has_card || last_->gpu.xid_errors > 0) window.gpu_xid_errors = real(last_->gpu.xid_errors);
  window.rss_gib = means_.resident.value();
  if (last_->time_s > begin_->time_s) add_counters(window);
  begin_ = last_;
  means_ = {};
  traffic_ = {};
  return window;
}

}  // namespace stoker::monitor

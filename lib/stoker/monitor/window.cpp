#include "stoker/monitor/window.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

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

bool is_summed(std::string_view name) {
  static constexpr std::array<std::string_view, 11> names{
      "gpu_memory_gib",   "gpu_power_w",    "gpu_power_limit_w", "gpu_pcie_gib_s",
      "gpu_nvlink_gib_s", "gpu_xid_errors", "gpu_ecc_corrected", "gpu_ecc_uncorrected",
      "cpu_used",         "rss_gib",        "disk_mib_s"};
  return std::ranges::count(names, name) > 0;
}

bool is_of_the_worst(std::string_view name) {
  return name == "gpu_temp_c" || name == "gpu_others_gib" || name == "gpu_pcie_busy";
}

}  // namespace

std::span<const Figure> figures() {
  using W = Window;
  static constexpr std::array<Figure, 32> list{{
      {"gpu_util", "1", "share of the time in which some kernel ran", &W::gpu_util},
      {"gpu_sm_busy", "1", "share of the multiprocessors that were busy", &W::gpu_sm_busy},
      {"gpu_occupancy", "1", "warps that were active, of the most", &W::gpu_occupancy},
      {"gpu_tensor", "1", "use of the tensor cores", &W::gpu_tensor},
      {"gpu_dram", "1", "use of the memory's bandwidth", &W::gpu_dram},
      {"gpu_memory_busy", "1", "share of the time in which memory was read or written",
       &W::gpu_memory_busy},
      {"gpu_memory_gib", "GiB", "memory in use by all processes", &W::gpu_memory_gib},
      {"gpu_others_gib", "GiB", "memory in use by other processes", &W::gpu_others_gib},
      {"gpu_power_w", "W", "power", &W::gpu_power_w},
      {"gpu_power_limit_w", "W", "limit of the power", &W::gpu_power_limit_w},
      {"gpu_temp_c", "C", "temperature", &W::gpu_temp_c},
      {"gpu_sm_mhz", "MHz", "clock of the multiprocessors", &W::gpu_sm_mhz},
      {"gpu_memory_mhz", "MHz", "clock of the memory", &W::gpu_memory_mhz},
      {"gpu_held_power", "1", "share of the time that the power limit held the clock down",
       &W::gpu_held_power},
      {"gpu_held_heat", "1", "share of the time that heat held the clock down", &W::gpu_held_heat},
      {"gpu_held_brake", "1", "share of the time that a power brake held the clock down",
       &W::gpu_held_brake},
      {"gpu_held_sync", "1", "share of the time that a slower GPU held the clock down",
       &W::gpu_held_sync},
      {"gpu_held_other", "1",
       "share of the time that the board, its voltage or a slow-down by hardware held the clock "
       "down",
       &W::gpu_held_other},
      {"gpu_pcie_gib_s", "GiB/s", "traffic on PCIe, both ways", &W::gpu_pcie_gib_s},
      {"gpu_pcie_busy", "1", "use of the PCIe link, in the direction that is used more",
       &W::gpu_pcie_busy},
      {"gpu_nvlink_gib_s", "GiB/s", "traffic on NVLink, both ways", &W::gpu_nvlink_gib_s},
      {"gpu_pcie_generation", "count", "generation of the PCIe link", &W::gpu_pcie_generation},
      {"gpu_pcie_width", "count", "lanes of the PCIe link", &W::gpu_pcie_width},
      {"gpu_ecc_corrected", "count",
       "memory errors that were corrected, since the driver was loaded", &W::gpu_ecc_corrected},
      {"gpu_ecc_uncorrected", "count", "memory errors that were not", &W::gpu_ecc_uncorrected},
      {"gpu_xid_errors", "count", "errors of the driver (XID) since the run began",
       &W::gpu_xid_errors},
      {"cpu_used", "count", "processors in use by this process", &W::cpu_used},
      {"cpu_others", "count", "processors in use by other processes", &W::cpu_others},
      {"cpu_wait", "1", "share of the time that the first thread waited for a processor",
       &W::cpu_wait},
      {"cpu_held", "1", "periods of the processor quota in which it was used up", &W::cpu_held},
      {"rss_gib", "GiB", "resident memory of this process", &W::rss_gib},
      {"disk_mib_s", "MiB/s", "read from storage", &W::disk_mib_s},
  }};
  return list;
}

Window combined(std::span<const Window> ranks) {
  Window all;
  for (const Window& rank : ranks) {
    all.samples += rank.samples;
    all.is_lost = all.is_lost || rank.is_lost;
    all.is_of_module = all.is_of_module || rank.is_of_module;
    if (rank.last_xid) all.last_xid = rank.last_xid;
    all.reasons |= rank.reasons;
  }
  for (const Figure& figure : figures()) {
    double sum = 0, most = 0, count = 0;
    for (const Window& rank : ranks) {
      const auto value = rank.*figure.value;
      if (!value) continue;
      most = count == 0 ? *value : std::max(most, *value);
      sum += *value;
      ++count;
    }
    if (count == 0) continue;
    all.*figure.value = is_of_the_worst(figure.name) ? most
                        : is_summed(figure.name)     ? sum
                                                     : sum / count;
  }
  return all;
}

std::string window_json(const Window& window) {
  nlohmann::ordered_json json{{"samples", window.samples},
                              {"lost", window.is_lost},
                              {"of_module", window.is_of_module},
                              {"reasons", window.reasons}};
  if (window.last_xid) json["xid"] = *window.last_xid;
  for (const Figure& figure : figures()) {
    if (const auto value = window.*figure.value) json[std::string(figure.name)] = *value;
  }
  return json.dump();
}

Window window_from_json(std::string_view text) {
  Window window;
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return window;
  const auto number = [&](const std::string& key) -> std::optional<double> {
    const auto found = json.find(key);
    return found != json.end() && found->is_number() ? std::optional(found->get<double>())
                                                     : std::nullopt;
  };
  window.samples = static_cast<int64_t>(number("samples").value_or(0));
  window.reasons = static_cast<uint64_t>(number("reasons").value_or(0));
  const auto flag = [&](const std::string& key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_boolean() && found->get<bool>();
  };
  window.is_lost = flag("lost");
  window.is_of_module = flag("of_module");
  if (const auto xid = number("xid")) window.last_xid = static_cast<int64_t>(*xid);
  for (const Figure& figure : figures()) window.*figure.value = number(std::string(figure.name));
  return window;
}

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

#include "stoker/monitor/gpu_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace stoker::monitor {

namespace {

constexpr double kMilli = 1e-3, kNano = 1e-9, kPerCent = 1e-2;
constexpr int64_t kSeldomEvery = 8;  // readings

// The order in which fields are asked for.
enum Field : uint8_t {
  kInstantPower,
  kModulePower,
  kHeldByPower,
  kHeldBySync,
  kHeldByHeat,
  kHeldByHeatHw,
  kHeldByBrake,
  kPcieSent,
  kPcieReceived,
  kNvlinkSent,
  kNvlinkReceived
};

std::optional<double> number(const NvmlFieldValue& field) {
  if (field.result != NvmlReturn::kSuccess) return std::nullopt;
  switch (field.type) {
    case NvmlValueType::kDouble:
      return field.value.real;
    case NvmlValueType::kUnsigned:
      return static_cast<double>(field.value.natural);
    case NvmlValueType::kUnsignedLong:
      return static_cast<double>(field.value.natural_long);
    case NvmlValueType::kUnsignedLongLong:
      return static_cast<double>(field.value.natural_long_long);
    case NvmlValueType::kLongLong:
      return static_cast<double>(field.value.integer_long_long);
    case NvmlValueType::kInt:
      return static_cast<double>(field.value.integer);
    case NvmlValueType::kUnsignedShort:
      return static_cast<double>(field.value.natural_short);
  }
  return std::nullopt;
}

std::optional<double> scaled(std::optional<double> value, double factor) {
  return value ? std::optional(*value * factor) : std::nullopt;
}

std::optional<int64_t> whole(std::optional<double> value, double factor = 1) {
  return value ? std::optional(static_cast<int64_t>(*value * factor)) : std::nullopt;
}

template <class Function>
std::string text_of(Function* function, NvmlDevice device) {
  std::array<char, 128> text{};
  const bool is_there =
      function != nullptr && function(device, text.data(), text.size()) == NvmlReturn::kSuccess;
  return is_there ? text.data() : "";
}

template <class To>
std::optional<To> as(std::optional<unsigned> value, double factor = 1) {
  return value ? std::optional(static_cast<To>(factor * *value)) : std::nullopt;
}

// Cores of a multiprocessor: 64 on V100, T4 and A100, 128 on all since (CUDA C++ Programming Guide,
// "Compute Capabilities").
double cores_a_multiprocessor(double capability) { return capability < 8.05 ? 64 : 128; }

}  // namespace

GpuReader::GpuReader(std::shared_ptr<const Nvml> nvml, NvmlDevice device)
    : nvml_(std::move(nvml)), api_(nvml_->api()), device_(device), card_(device) {
  describe();
  prepare_gpm();
  watch_errors();
  const std::array<unsigned, kFieldCount> ids{
      nvml::kFieldPowerInstant,          nvml::kFieldPowerInstant,
      nvml::kFieldThrottledByPower,      nvml::kFieldThrottledBySyncBoost,
      nvml::kFieldThrottledByHeat,       nvml::kFieldThrottledByHeatHw,
      nvml::kFieldThrottledByPowerBrake, nvml::kFieldPcieSentBytes,
      nvml::kFieldPcieReceivedBytes,     nvml::kFieldNvlinkSentKib,
      nvml::kFieldNvlinkReceivedKib};
  for (size_t i = 0; i < ids.size(); ++i) fields_[i].field = ids[i];
  fields_[kModulePower].scope = nvml::kScopeModule;
  fields_[kNvlinkSent].scope = fields_[kNvlinkReceived].scope = nvml::kAllLinks;
}

GpuReader::~GpuReader() {
  for (NvmlGpmSample& sample : samples_) {
    if (sample != nullptr && api_.gpm_sample_free != nullptr) api_.gpm_sample_free(sample);
  }
  if (events_ != nullptr && api_.event_set_free != nullptr) api_.event_set_free(events_);
}

void GpuReader::describe() {
  describe_slice();
  info_.name = text_of(api_.device_get_name, device_);
  info_.uuid = text_of(api_.device_get_uuid, device_);
  info_.driver = nvml_->driver_version();
  if (const auto memory = ask<NvmlMemory>(api_.device_get_memory_info, device_))
    info_.memory_bytes = static_cast<int64_t>(memory->total);
  info_.slowdown_c = slowdown_temperature();
  info_.power_limit_w = as<double>(ask<unsigned>(api_.device_get_power_limit, card_), kMilli);
  info_.max_sm_mhz = as<double>(ask<unsigned>(api_.device_get_max_clock, card_, nvml::kClockSm));
  info_.max_memory_mhz =
      as<double>(ask<unsigned>(api_.device_get_max_clock, card_, nvml::kClockMemory));
  info_.max_pcie_generation =
      as<int64_t>(ask<unsigned>(api_.device_get_max_pcie_generation, card_));
  info_.max_pcie_width = as<int64_t>(ask<unsigned>(api_.device_get_max_pcie_width, card_));
  info_.fans = as<int64_t>(ask<unsigned>(api_.device_get_fan_count, card_));
}

// From Ada on cards say how far they are from it (T.Limit), and NVML's threshold is to be removed
// for them.
std::optional<double> GpuReader::slowdown_temperature() const {
  NvmlFieldValue limit{.field = nvml::kFieldSlowdownLimit};
  NvmlMarginTemperature margin;
  if (api_.device_get_field_values != nullptr && api_.device_get_margin_temperature != nullptr &&
      api_.device_get_field_values(card_, 1, &limit) == NvmlReturn::kSuccess &&
      api_.device_get_margin_temperature(card_, &margin) == NvmlReturn::kSuccess) {
    const auto now = ask<unsigned>(api_.device_get_temperature, card_, nvml::kTemperatureGpu);
    if (const auto below = number(limit); below && now) return *now + margin.degrees - *below;
  }
  return as<double>(
      ask<unsigned>(api_.device_get_temperature_threshold, card_, nvml::kThresholdSlowdown));
}

void GpuReader::describe_slice() {
  info_.is_mig = ask<unsigned>(api_.device_is_mig, device_).value_or(0) != 0;
  if (info_.is_mig) {
    card_ = ask<NvmlDevice>(api_.device_get_parent, device_).value_or(device_);
    gpu_instance_ = ask<unsigned>(api_.device_get_gpu_instance, device_);
  }
  int major = 0, minor = 0;
  if (api_.device_get_compute_capability != nullptr &&
      api_.device_get_compute_capability(card_, &major, &minor) == NvmlReturn::kSuccess) {
    info_.capability = major + 0.1 * minor;
  }
  info_.cores = as<int64_t>(ask<unsigned>(api_.device_get_core_count, card_));
  const auto slice = info_.is_mig ? ask<NvmlAttributes>(api_.device_get_attributes, device_)
                                  : std::optional<NvmlAttributes>();
  if (slice && info_.cores && info_.capability && *info_.cores > 0) {
    const double cores = slice->multiprocessors * cores_a_multiprocessor(*info_.capability);
    info_.share = std::clamp(cores / static_cast<double>(*info_.cores), 0.0, 1.0);
  }
}

void GpuReader::prepare_gpm() {
  is_barred_[kGpm] = true;
  NvmlGpmSupport support;
  if (api_.gpm_query_support == nullptr || api_.gpm_sample_alloc == nullptr ||
      api_.gpm_metrics_get == nullptr ||
      (gpu_instance_ ? api_.gpm_mig_sample_get == nullptr : api_.gpm_sample_get == nullptr)) {
    return;
  }
  if (api_.gpm_query_support(card_, &support) != NvmlReturn::kSuccess || support.is_supported == 0)
    return;
  for (NvmlGpmSample& sample : samples_) {
    if (api_.gpm_sample_alloc(&sample) != NvmlReturn::kSuccess) return;
  }
  is_barred_[kGpm] = false;
  info_.has_gpm = true;
}

void GpuReader::watch_errors() {
  is_barred_[kEvents] = true;
  if (api_.event_set_create == nullptr || api_.event_set_wait == nullptr ||
      api_.device_register_events == nullptr ||
      api_.event_set_create(&events_) != NvmlReturn::kSuccess) {
    return;
  }
  is_barred_[kEvents] =
      api_.device_register_events(card_, nvml::kEventXid, events_) != NvmlReturn::kSuccess;
}

// Whether the call left its value. What is not offered is not asked for again.
bool GpuReader::note(Call which, NvmlReturn result) {
  switch (result) {
    case NvmlReturn::kSuccess:
      return true;
    case NvmlReturn::kNotSupported:
    case NvmlReturn::kFunctionNotFound:
    case NvmlReturn::kNoPermission:
      is_barred_[which] = true;
      return false;
    case NvmlReturn::kGpuIsLost:
    case NvmlReturn::kResetRequired:
      is_lost_ = true;
      return false;
    default:
      return false;
  }
}

template <class Function, class... Arguments>
bool GpuReader::call(Call which, Function* function, Arguments... arguments) {
  if (function == nullptr || is_barred_[which] || is_lost_) return false;
  return note(which, function(arguments...));
}

GpuReading GpuReader::read(int64_t own_bytes) {
  GpuReading reading;
  if (!is_lost_) {
    if (readings_++ % kSeldomEvery == 0) read_seldom(seldom_, own_bytes);
    reading = seldom_;
    read_often(reading);
    read_fields(reading);
    read_gpm(reading);
    read_errors(reading);
  }
  if (is_lost_) reading = {.is_lost = true};
  reading.xid_errors = xid_errors_;
  reading.last_xid = last_xid_;
  return reading;
}

void GpuReader::read_often(GpuReading& reading) {
  NvmlUtilization use;
  if (call(kUtilization, api_.device_get_utilization_rates, device_, &use)) {
    reading.any_kernel = kPerCent * use.gpu;
    reading.memory_busy = kPerCent * use.memory;
  }
  NvmlMemory memory;
  if (call(kMemory, api_.device_get_memory_info, device_, &memory)) {
    reading.memory_used_bytes = static_cast<int64_t>(memory.used);
    reading.memory_total_bytes = static_cast<int64_t>(memory.total);
  }
  unsigned value = 0;
  if (call(kPower, api_.device_get_power_usage, card_, &value)) reading.power_w = kMilli * value;
  if (call(kTemperature, api_.device_get_temperature, card_, nvml::kTemperatureGpu, &value))
    reading.temperature_c = value;
  if (call(kSmClock, api_.device_get_clock, card_, nvml::kClockSm, &value)) reading.sm_mhz = value;
  if (call(kMemoryClock, api_.device_get_clock, card_, nvml::kClockMemory, &value))
    reading.memory_mhz = value;
  unsigned long long large = 0;
  if (call(kEnergy, api_.device_get_total_energy, card_, &large))
    reading.energy_j = kMilli * static_cast<double>(large);
  if (call(kReasons, api_.device_get_clock_reasons, card_, &large)) reading.reasons = large;
}

void GpuReader::read_seldom(GpuReading& reading, int64_t own_bytes) {
  reading = {};
  unsigned value = 0;
  if (call(kLimit, api_.device_get_power_limit, card_, &value))
    reading.power_limit_w = kMilli * value;
  if (call(kGeneration, api_.device_get_pcie_generation, card_, &value))
    reading.pcie_generation = value;
  if (call(kWidth, api_.device_get_pcie_width, card_, &value)) reading.pcie_width = value;
  unsigned long long count = 0;
  if (call(kCorrected, api_.device_get_ecc_errors, card_, nvml::kEccCorrected,
           nvml::kEccSinceDriverLoad, &count)) {
    reading.ecc_corrected = static_cast<int64_t>(count);
  }
  if (call(kUncorrected, api_.device_get_ecc_errors, card_, nvml::kEccUncorrected,
           nvml::kEccSinceDriverLoad, &count)) {
    reading.ecc_uncorrected = static_cast<int64_t>(count);
  }
  read_processes(reading, own_bytes);
}

// This process is the one with its number, or that whose memory is nearest to what it is known to
// hold, or the only one.
void GpuReader::read_processes(GpuReading& reading, int64_t own_bytes) {
  constexpr unsigned kRoom = 64;
  std::array<NvmlProcess, kRoom> list{};
  unsigned count = kRoom;
  if (!call(kProcesses, api_.device_get_processes, device_, &count, list.data())) return;
  const std::span<const NvmlProcess> processes(list.data(), std::min(count, kRoom));
  reading.processes = static_cast<int64_t>(processes.size());
  const auto bytes = [](const NvmlProcess& process) {
    return process.used_bytes == nvml::kMemoryNotKnown ? 0
                                                       : static_cast<int64_t>(process.used_bytes);
  };
  int64_t all = 0;
  for (const NvmlProcess& process : processes) all += bytes(process);
  if (processes.empty()) {
    reading.memory_others_bytes = 0;
    return;
  }
  const auto by_number =
      std::ranges::find(processes, static_cast<unsigned>(getpid()), &NvmlProcess::pid);
  if (by_number != processes.end()) {
    reading.memory_others_bytes = all - bytes(*by_number);
  } else if (own_bytes > 0 || processes.size() == 1) {
    const auto nearest = std::ranges::min_element(
        processes, {}, [&](const NvmlProcess& p) { return std::llabs(bytes(p) - own_bytes); });
    reading.memory_others_bytes = all - bytes(*nearest);
  }
}

std::optional<double> GpuReader::field(size_t index) const { return number(fields_[index]); }

void GpuReader::read_fields(GpuReading& reading) {
  if (!call(kFields, api_.device_get_field_values, card_, static_cast<int>(fields_.size()),
            fields_.data())) {
    return;
  }
  // The instant power says more than the mean of a second that the other call gives.
  if (const auto power = field(kInstantPower)) {
    reading.power_w = kMilli * *power;
  } else if (const auto module = field(kModulePower); module && !reading.power_w) {
    reading.power_w = kMilli * *module;
    reading.power_is_of_module = true;
  }
  reading.held_by_power_s = scaled(field(kHeldByPower), kNano);
  reading.held_by_sync_s = scaled(field(kHeldBySync), kNano);
  reading.held_by_brake_s = scaled(field(kHeldByBrake), kNano);
  const auto heat = field(kHeldByHeat), heat_hw = field(kHeldByHeatHw);
  if (heat || heat_hw) reading.held_by_heat_s = kNano * (heat.value_or(0) + heat_hw.value_or(0));
  reading.pcie_sent_bytes = whole(field(kPcieSent));
  reading.pcie_received_bytes = whole(field(kPcieReceived));
  reading.nvlink_sent_bytes = whole(field(kNvlinkSent), 1024);
  reading.nvlink_received_bytes = whole(field(kNvlinkReceived), 1024);
}

void GpuReader::read_gpm(GpuReading& reading) {
  if (is_barred_[kGpm] || is_lost_) return;
  const bool is_taken =
      gpu_instance_ ? call(kGpm, api_.gpm_mig_sample_get, card_, *gpu_instance_, samples_[1])
                    : call(kGpm, api_.gpm_sample_get, card_, samples_[1]);
  if (!is_taken) return;
  if (has_sample_) {
    NvmlGpmMetrics metrics;
    const std::array<unsigned, 6> ids{nvml::kGpmSmBusy,   nvml::kGpmOccupancy,
                                      nvml::kGpmTensor,   nvml::kGpmDram,
                                      nvml::kGpmPcieSent, nvml::kGpmPcieReceived};
    metrics.count = ids.size();
    metrics.first = samples_[0];
    metrics.second = samples_[1];
    for (size_t i = 0; i < ids.size(); ++i) metrics.metrics[i].id = ids[i];
    if (call(kGpm, api_.gpm_metrics_get, &metrics)) {
      const auto value = [&](size_t i) -> std::optional<double> {
        if (metrics.metrics[i].result != NvmlReturn::kSuccess) return std::nullopt;
        return metrics.metrics[i].value;
      };
      const auto share = [&](size_t i) { return scaled(value(i), kPerCent); };
      reading.sm_busy = share(0);
      reading.occupancy = share(1);
      reading.tensor = share(2);
      reading.dram = share(3);
      reading.pcie_sent_mib_s = value(4);
      reading.pcie_received_mib_s = value(5);
    }
  }
  std::swap(samples_[0], samples_[1]);
  has_sample_ = true;
}

// Without waiting: what has come since the reading before.
void GpuReader::read_errors(GpuReading& reading) {
  constexpr int kMostAtOnce = 64;
  NvmlEventData event;
  for (int i = 0; i < kMostAtOnce && call(kEvents, api_.event_set_wait, events_, &event, 0U); ++i) {
    ++xid_errors_;
    last_xid_ = static_cast<int64_t>(event.data);
  }
  reading.xid_errors = xid_errors_;
}

}  // namespace stoker::monitor

// The part of NVIDIA's management library (NVML) that stoker calls, declared again: the library
// comes with the driver and is opened at run time, so that nothing is needed to build or to start.
//
// Names and layouts are those of nvml.h (version 13.5); tests/monitor/nvml_api_test.cpp holds every
// one of them against that header where it is installed.
//
//   const NvmlApi api = load_nvml_api(library);          // a handle of dlopen
//   if (api.device_get_power_usage != nullptr) …         // null where an older driver lacks it
#pragma once

#include <cstddef>
#include <cstdint>

namespace stoker::monitor {

// Of a call; others than these are errors all the same.
enum class NvmlReturn : int {
  kSuccess = 0,
  kUninitialized = 1,
  kNotSupported = 3,
  kNoPermission = 4,
  kNotFound = 6,
  kInsufficientSize = 7,
  kDriverNotLoaded = 9,
  kTimeout = 10,
  kFunctionNotFound = 13,
  kGpuIsLost = 15,
  kResetRequired = 16,
  kVersionMismatch = 18,
  kUnknown = 999,
};

struct NvmlDeviceTag;
using NvmlDevice = NvmlDeviceTag*;
struct NvmlEventSetTag;
using NvmlEventSet = NvmlEventSetTag*;
struct NvmlGpmSampleTag;
using NvmlGpmSample = NvmlGpmSampleTag*;

struct NvmlUtilization {
  unsigned gpu = 0, memory = 0;  // per cent of the time
};
struct NvmlMemory {
  unsigned long long total = 0, free = 0, used = 0;  // bytes
};
union NvmlValue {
  double real;
  int integer;
  unsigned natural;
  unsigned long natural_long;
  unsigned long long natural_long_long;
  long long integer_long_long;
  unsigned short natural_short;
};
enum class NvmlValueType : unsigned {
  kDouble = 0,
  kUnsigned = 1,
  kUnsignedLong = 2,
  kUnsignedLongLong = 3,
  kLongLong = 4,
  kInt = 5,
  kUnsignedShort = 6,
};
struct NvmlFieldValue {
  unsigned field = 0;
  unsigned scope = 0;
  long long timestamp_us = 0;
  long long latency_us = 0;
  NvmlValueType type = NvmlValueType::kDouble;
  NvmlReturn result = NvmlReturn::kNotSupported;
  NvmlValue value{};
};
struct NvmlProcess {
  unsigned pid = 0;
  unsigned long long used_bytes = 0;
  unsigned gpu_instance = 0, compute_instance = 0;
};
struct NvmlEventData {
  NvmlDevice device = nullptr;
  unsigned long long type = 0, data = 0;
  unsigned gpu_instance = 0, compute_instance = 0;
};
struct NvmlAttributes {  // of a MIG device
  unsigned multiprocessors = 0;
  unsigned copy_engines = 0, decoders = 0, encoders = 0, jpeg = 0, ofa = 0;
  unsigned gpu_slices = 0, compute_slices = 0;
  unsigned long long memory_mib = 0;
};
struct NvmlGpmMetric {
  unsigned id = 0;
  NvmlReturn result = NvmlReturn::kNotSupported;
  double value = 0;
  struct {
    char* short_name = nullptr;
    char* long_name = nullptr;
    char* unit = nullptr;
  } info;
};
// The header's has room for all metrics there are; the library reads `count` of them.
struct NvmlGpmMetrics {
  static constexpr unsigned kRoom = 8;
  unsigned version = 1;
  unsigned count = 0;
  NvmlGpmSample first = nullptr, second = nullptr;
  NvmlGpmMetric metrics[kRoom];
};
struct NvmlMarginTemperature {
  unsigned version = (1U << 24) | 8U;
  int degrees = 0;  // C, to the temperature at which the card begins to slow down
};
struct NvmlGpmSupport {
  unsigned version = 1;
  unsigned is_supported = 0;
};

// Numbers of nvml.h.
namespace nvml {
inline constexpr unsigned kFieldThrottledByPower = 74;      // ns, cumulative
inline constexpr unsigned kFieldThrottledBySyncBoost = 76;  // ns
inline constexpr unsigned kFieldPowerInstant = 186;         // mW
inline constexpr unsigned kFieldPcieSentBytes = 197;        // may wrap at 32 bits
inline constexpr unsigned kFieldPcieReceivedBytes = 198;    // may wrap at 32 bits
inline constexpr unsigned kFieldNvlinkSentKib = 138;        // of all links with scope kAllLinks
inline constexpr unsigned kFieldNvlinkReceivedKib = 139;
inline constexpr unsigned kFieldSlowdownLimit = 194;          // C, below the margin's end
inline constexpr unsigned kFieldThrottledByHeat = 269;        // ns, by software
inline constexpr unsigned kFieldThrottledByHeatHw = 270;      // ns, by hardware
inline constexpr unsigned kFieldThrottledByPowerBrake = 271;  // ns
inline constexpr unsigned kAllLinks = 0xFFFFFFFF;
inline constexpr unsigned kScopeGpu = 0, kScopeModule = 1;

inline constexpr unsigned kGpmSmBusy = 2, kGpmOccupancy = 3, kGpmTensor = 5, kGpmDram = 10,
                          kGpmPcieSent = 20, kGpmPcieReceived = 21;  // MiB/s

inline constexpr unsigned kTemperatureGpu = 0, kThresholdSlowdown = 1;
inline constexpr unsigned kPeerNvlink = 2, kPeerOk = 0;
inline constexpr unsigned kClockSm = 1, kClockMemory = 2;
inline constexpr unsigned kEccCorrected = 0, kEccUncorrected = 1, kEccSinceDriverLoad = 0;
inline constexpr unsigned long long kEventXid = 8;
inline constexpr unsigned long long kMemoryNotKnown = ~0ULL;

inline constexpr uint64_t kReasonIdle = 0x1, kReasonApplicationClocks = 0x2, kReasonPowerCap = 0x4,
                          kReasonHwSlowdown = 0x8, kReasonSyncBoost = 0x10, kReasonHeat = 0x20,
                          kReasonHeatHw = 0x40, kReasonPowerBrake = 0x80, kReasonDisplay = 0x100,
                          kReasonBoardLimit = 0x200, kReasonReliability = 0x400;
}  // namespace nvml

// Each null where the library lacks it. Enumerations of the header stand as unsigned.
struct NvmlApi {
  NvmlReturn (*init)() = nullptr;
  NvmlReturn (*shutdown)() = nullptr;
  const char* (*error_string)(NvmlReturn) = nullptr;
  NvmlReturn (*system_get_driver_version)(char*, unsigned) = nullptr;
  NvmlReturn (*system_get_cuda_driver_version)(int*) = nullptr;
  NvmlReturn (*device_get_count)(unsigned*) = nullptr;
  NvmlReturn (*device_get_handle_by_index)(unsigned, NvmlDevice*) = nullptr;
  NvmlReturn (*device_get_handle_by_uuid)(const char*, NvmlDevice*) = nullptr;
  NvmlReturn (*device_get_name)(NvmlDevice, char*, unsigned) = nullptr;
  NvmlReturn (*device_get_uuid)(NvmlDevice, char*, unsigned) = nullptr;
  NvmlReturn (*device_get_compute_capability)(NvmlDevice, int*, int*) = nullptr;
  NvmlReturn (*device_get_core_count)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*device_get_fan_count)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*device_get_persistence_mode)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*device_get_memory_info)(NvmlDevice, NvmlMemory*) = nullptr;
  NvmlReturn (*device_get_utilization_rates)(NvmlDevice, NvmlUtilization*) = nullptr;
  NvmlReturn (*device_get_total_energy)(NvmlDevice, unsigned long long*) = nullptr;
  NvmlReturn (*device_get_power_usage)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*device_get_power_limit)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*device_get_field_values)(NvmlDevice, int, NvmlFieldValue*) = nullptr;
  NvmlReturn (*device_get_temperature)(NvmlDevice, unsigned, unsigned*) = nullptr;
  NvmlReturn (*device_get_temperature_threshold)(NvmlDevice, unsigned, unsigned*) = nullptr;
  NvmlReturn (*device_get_margin_temperature)(NvmlDevice, NvmlMarginTemperature*) = nullptr;
  NvmlReturn (*device_get_clock)(NvmlDevice, unsigned, unsigned*) = nullptr;
  NvmlReturn (*device_get_max_clock)(NvmlDevice, unsigned, unsigned*) = nullptr;
  NvmlReturn (*device_get_clock_reasons)(NvmlDevice, unsigned long long*) = nullptr;
  NvmlReturn (*device_get_pcie_generation)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*device_get_pcie_width)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*device_get_max_pcie_generation)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*device_get_max_pcie_width)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*device_get_ecc_errors)(NvmlDevice, unsigned, unsigned,
                                      unsigned long long*) = nullptr;
  NvmlReturn (*device_get_processes)(NvmlDevice, unsigned*, NvmlProcess*) = nullptr;
  NvmlReturn (*device_get_topology)(NvmlDevice, NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*device_get_peer_status)(NvmlDevice, NvmlDevice, unsigned, unsigned*) = nullptr;
  NvmlReturn (*device_get_nvlink_state)(NvmlDevice, unsigned, unsigned*) = nullptr;
  NvmlReturn (*device_is_mig)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*device_get_mig_mode)(NvmlDevice, unsigned*, unsigned*) = nullptr;
  NvmlReturn (*device_get_parent)(NvmlDevice, NvmlDevice*) = nullptr;
  NvmlReturn (*device_get_attributes)(NvmlDevice, NvmlAttributes*) = nullptr;
  NvmlReturn (*device_get_gpu_instance)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*event_set_create)(NvmlEventSet*) = nullptr;
  NvmlReturn (*event_set_free)(NvmlEventSet) = nullptr;
  NvmlReturn (*event_set_wait)(NvmlEventSet, NvmlEventData*, unsigned) = nullptr;
  NvmlReturn (*device_register_events)(NvmlDevice, unsigned long long, NvmlEventSet) = nullptr;
  NvmlReturn (*gpm_query_support)(NvmlDevice, NvmlGpmSupport*) = nullptr;
  NvmlReturn (*gpm_sample_alloc)(NvmlGpmSample*) = nullptr;
  NvmlReturn (*gpm_sample_free)(NvmlGpmSample) = nullptr;
  NvmlReturn (*gpm_sample_get)(NvmlDevice, NvmlGpmSample) = nullptr;
  NvmlReturn (*gpm_mig_sample_get)(NvmlDevice, unsigned, NvmlGpmSample) = nullptr;
  NvmlReturn (*gpm_metrics_get)(NvmlGpmMetrics*) = nullptr;
};

// library: of dlopen().
NvmlApi load_nvml_api(void* library);

}  // namespace stoker::monitor

// Our declarations against NVIDIA's own, where its header is installed.
#include "stoker/monitor/nvml_api.h"

#if __has_include(<nvml.h>)
// Before the header's macros, which give functions the names of their newest versions.
#include <nvml.h>
#define STOKER_HAS_NVML_HEADER 1
#endif

#include <type_traits>

#include "support/catch.h"

#ifdef STOKER_HAS_NVML_HEADER

namespace {

using namespace stoker::monitor;

// Whether both take as many parameters of the same sizes, pointers where the other has pointers.
template <class Ours, class Theirs>
constexpr bool same_call = false;
template <class... Ours, class... Theirs>
constexpr bool same_call<NvmlReturn (*)(Ours...), nvmlReturn_t(Theirs...)> =
    sizeof...(Ours) == sizeof...(Theirs) &&
    ((sizeof(Ours) == sizeof(Theirs) && std::is_pointer_v<Ours> == std::is_pointer_v<Theirs>)&&...);

// What the newest header would have replaced is what older drivers have.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#define STOKER_CHECK_CALL(ours, theirs) \
  static_assert(same_call<decltype(NvmlApi::ours), decltype(theirs)>, #theirs)
STOKER_CHECK_CALL(init, nvmlInit_v2);
STOKER_CHECK_CALL(shutdown, nvmlShutdown);
STOKER_CHECK_CALL(system_get_driver_version, nvmlSystemGetDriverVersion);
STOKER_CHECK_CALL(system_get_cuda_driver_version, nvmlSystemGetCudaDriverVersion_v2);
STOKER_CHECK_CALL(device_get_count, nvmlDeviceGetCount_v2);
STOKER_CHECK_CALL(device_get_handle_by_index, nvmlDeviceGetHandleByIndex_v2);
STOKER_CHECK_CALL(device_get_handle_by_uuid, nvmlDeviceGetHandleByUUID);
STOKER_CHECK_CALL(device_get_name, nvmlDeviceGetName);
STOKER_CHECK_CALL(device_get_uuid, nvmlDeviceGetUUID);
STOKER_CHECK_CALL(device_get_compute_capability, nvmlDeviceGetCudaComputeCapability);
STOKER_CHECK_CALL(device_get_core_count, nvmlDeviceGetNumGpuCores);
STOKER_CHECK_CALL(device_get_fan_count, nvmlDeviceGetNumFans);
STOKER_CHECK_CALL(device_get_persistence_mode, nvmlDeviceGetPersistenceMode);
STOKER_CHECK_CALL(device_get_memory_info, nvmlDeviceGetMemoryInfo);
STOKER_CHECK_CALL(device_get_utilization_rates, nvmlDeviceGetUtilizationRates);
STOKER_CHECK_CALL(device_get_total_energy, nvmlDeviceGetTotalEnergyConsumption);
STOKER_CHECK_CALL(device_get_power_usage, nvmlDeviceGetPowerUsage);
STOKER_CHECK_CALL(device_get_power_limit, nvmlDeviceGetEnforcedPowerLimit);
STOKER_CHECK_CALL(device_get_field_values, nvmlDeviceGetFieldValues);
STOKER_CHECK_CALL(device_get_temperature, nvmlDeviceGetTemperature);
STOKER_CHECK_CALL(device_get_temperature_threshold, nvmlDeviceGetTemperatureThreshold);
STOKER_CHECK_CALL(device_get_margin_temperature, nvmlDeviceGetMarginTemperature);
STOKER_CHECK_CALL(device_get_clock, nvmlDeviceGetClockInfo);
STOKER_CHECK_CALL(device_get_max_clock, nvmlDeviceGetMaxClockInfo);
STOKER_CHECK_CALL(device_get_clock_reasons, nvmlDeviceGetCurrentClocksThrottleReasons);
STOKER_CHECK_CALL(device_get_pcie_generation, nvmlDeviceGetCurrPcieLinkGeneration);
STOKER_CHECK_CALL(device_get_pcie_width, nvmlDeviceGetCurrPcieLinkWidth);
STOKER_CHECK_CALL(device_get_max_pcie_generation, nvmlDeviceGetMaxPcieLinkGeneration);
STOKER_CHECK_CALL(device_get_max_pcie_width, nvmlDeviceGetMaxPcieLinkWidth);
STOKER_CHECK_CALL(device_get_ecc_errors, nvmlDeviceGetTotalEccErrors);
STOKER_CHECK_CALL(device_get_processes, nvmlDeviceGetComputeRunningProcesses_v3);
STOKER_CHECK_CALL(device_get_topology, nvmlDeviceGetTopologyCommonAncestor);
STOKER_CHECK_CALL(device_get_peer_status, nvmlDeviceGetP2PStatus);
STOKER_CHECK_CALL(device_get_nvlink_state, nvmlDeviceGetNvLinkState);
STOKER_CHECK_CALL(device_is_mig, nvmlDeviceIsMigDeviceHandle);
STOKER_CHECK_CALL(device_get_mig_mode, nvmlDeviceGetMigMode);
STOKER_CHECK_CALL(device_get_parent, nvmlDeviceGetDeviceHandleFromMigDeviceHandle);
STOKER_CHECK_CALL(device_get_attributes, nvmlDeviceGetAttributes_v2);
STOKER_CHECK_CALL(device_get_gpu_instance, nvmlDeviceGetGpuInstanceId);
STOKER_CHECK_CALL(event_set_create, nvmlEventSetCreate);
STOKER_CHECK_CALL(event_set_free, nvmlEventSetFree);
STOKER_CHECK_CALL(event_set_wait, nvmlEventSetWait_v2);
STOKER_CHECK_CALL(device_register_events, nvmlDeviceRegisterEvents);
STOKER_CHECK_CALL(gpm_query_support, nvmlGpmQueryDeviceSupport);
STOKER_CHECK_CALL(gpm_sample_alloc, nvmlGpmSampleAlloc);
STOKER_CHECK_CALL(gpm_sample_free, nvmlGpmSampleFree);
STOKER_CHECK_CALL(gpm_sample_get, nvmlGpmSampleGet);
STOKER_CHECK_CALL(gpm_mig_sample_get, nvmlGpmMigSampleGet);
STOKER_CHECK_CALL(gpm_metrics_get, nvmlGpmMetricsGet);
#undef STOKER_CHECK_CALL
#pragma GCC diagnostic pop

#define STOKER_CHECK_PLACE(ours, our_member, theirs, their_member)              \
  static_assert(offsetof(ours, our_member) == offsetof(theirs, their_member) && \
                    sizeof(ours::our_member) == sizeof(theirs::their_member),   \
                #theirs "." #their_member)
STOKER_CHECK_PLACE(NvmlUtilization, memory, nvmlUtilization_t, memory);
STOKER_CHECK_PLACE(NvmlMemory, used, nvmlMemory_t, used);
STOKER_CHECK_PLACE(NvmlFieldValue, field, nvmlFieldValue_t, fieldId);
STOKER_CHECK_PLACE(NvmlFieldValue, scope, nvmlFieldValue_t, scopeId);
STOKER_CHECK_PLACE(NvmlFieldValue, type, nvmlFieldValue_t, valueType);
STOKER_CHECK_PLACE(NvmlFieldValue, result, nvmlFieldValue_t, nvmlReturn);
STOKER_CHECK_PLACE(NvmlFieldValue, value, nvmlFieldValue_t, value);
STOKER_CHECK_PLACE(NvmlProcess, used_bytes, nvmlProcessInfo_t, usedGpuMemory);
STOKER_CHECK_PLACE(NvmlProcess, compute_instance, nvmlProcessInfo_t, computeInstanceId);
STOKER_CHECK_PLACE(NvmlEventData, type, nvmlEventData_t, eventType);
STOKER_CHECK_PLACE(NvmlEventData, data, nvmlEventData_t, eventData);
STOKER_CHECK_PLACE(NvmlAttributes, multiprocessors, nvmlDeviceAttributes_t, multiprocessorCount);
STOKER_CHECK_PLACE(NvmlAttributes, memory_mib, nvmlDeviceAttributes_t, memorySizeMB);
STOKER_CHECK_PLACE(NvmlGpmMetric, id, nvmlGpmMetric_t, metricId);
STOKER_CHECK_PLACE(NvmlGpmMetric, result, nvmlGpmMetric_t, nvmlReturn);
STOKER_CHECK_PLACE(NvmlGpmMetric, value, nvmlGpmMetric_t, value);
STOKER_CHECK_PLACE(NvmlGpmMetrics, count, nvmlGpmMetricsGet_t, numMetrics);
STOKER_CHECK_PLACE(NvmlGpmMetrics, first, nvmlGpmMetricsGet_t, sample1);
STOKER_CHECK_PLACE(NvmlGpmMetrics, second, nvmlGpmMetricsGet_t, sample2);
STOKER_CHECK_PLACE(NvmlMarginTemperature, degrees, nvmlMarginTemperature_v1_t, marginTemperature);
static_assert(NvmlMarginTemperature{}.version == nvmlMarginTemperature_v1);
STOKER_CHECK_PLACE(NvmlGpmSupport, is_supported, nvmlGpmSupport_t, isSupportedDevice);
static_assert(offsetof(NvmlGpmMetrics, metrics) == offsetof(nvmlGpmMetricsGet_t, metrics));
#undef STOKER_CHECK_PLACE

static_assert(sizeof(NvmlUtilization) == sizeof(nvmlUtilization_t));
static_assert(sizeof(NvmlMemory) == sizeof(nvmlMemory_t));
static_assert(sizeof(NvmlFieldValue) == sizeof(nvmlFieldValue_t));
static_assert(sizeof(NvmlProcess) == sizeof(nvmlProcessInfo_t));
static_assert(sizeof(NvmlEventData) == sizeof(nvmlEventData_t));
static_assert(sizeof(NvmlAttributes) == sizeof(nvmlDeviceAttributes_t));
static_assert(sizeof(NvmlGpmMetric) == sizeof(nvmlGpmMetric_t));

constexpr bool is(NvmlReturn ours, nvmlReturn_t theirs) {
  return static_cast<int>(ours) == static_cast<int>(theirs);
}
static_assert(is(NvmlReturn::kNotSupported, NVML_ERROR_NOT_SUPPORTED));
static_assert(is(NvmlReturn::kNoPermission, NVML_ERROR_NO_PERMISSION));
static_assert(is(NvmlReturn::kNotFound, NVML_ERROR_NOT_FOUND));
static_assert(is(NvmlReturn::kInsufficientSize, NVML_ERROR_INSUFFICIENT_SIZE));
static_assert(is(NvmlReturn::kTimeout, NVML_ERROR_TIMEOUT));
static_assert(is(NvmlReturn::kFunctionNotFound, NVML_ERROR_FUNCTION_NOT_FOUND));
static_assert(is(NvmlReturn::kGpuIsLost, NVML_ERROR_GPU_IS_LOST));
static_assert(is(NvmlReturn::kResetRequired, NVML_ERROR_RESET_REQUIRED));
static_assert(is(NvmlReturn::kVersionMismatch, NVML_ERROR_LIB_RM_VERSION_MISMATCH));

static_assert(nvml::kFieldPowerInstant == NVML_FI_DEV_POWER_INSTANT);
static_assert(nvml::kFieldThrottledByPower == NVML_FI_DEV_PERF_POLICY_POWER);
static_assert(nvml::kFieldThrottledBySyncBoost == NVML_FI_DEV_PERF_POLICY_SYNC_BOOST);
static_assert(nvml::kFieldPcieSentBytes == NVML_FI_DEV_PCIE_COUNT_TX_BYTES);
static_assert(nvml::kFieldPcieReceivedBytes == NVML_FI_DEV_PCIE_COUNT_RX_BYTES);
static_assert(nvml::kFieldNvlinkSentKib == NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX);
static_assert(nvml::kFieldNvlinkReceivedKib == NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX);
// Fields that a header of before 2025 has not.
#ifdef NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN
static_assert(nvml::kFieldThrottledByHeat == NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN);
static_assert(nvml::kFieldThrottledByHeatHw == NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN);
static_assert(nvml::kFieldThrottledByPowerBrake ==
              NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN);
#endif
static_assert(nvml::kScopeGpu == NVML_POWER_SCOPE_GPU);
static_assert(nvml::kScopeModule == NVML_POWER_SCOPE_MODULE);
static_assert(nvml::kGpmSmBusy == NVML_GPM_METRIC_SM_UTIL);
static_assert(nvml::kGpmOccupancy == NVML_GPM_METRIC_SM_OCCUPANCY);
static_assert(nvml::kGpmTensor == NVML_GPM_METRIC_ANY_TENSOR_UTIL);
static_assert(nvml::kGpmDram == NVML_GPM_METRIC_DRAM_BW_UTIL);
static_assert(nvml::kGpmPcieSent == NVML_GPM_METRIC_PCIE_TX_PER_SEC);
static_assert(nvml::kGpmPcieReceived == NVML_GPM_METRIC_PCIE_RX_PER_SEC);
static_assert(nvml::kFieldSlowdownLimit == NVML_FI_DEV_TEMPERATURE_SLOWDOWN_TLIMIT);
static_assert(nvml::kTemperatureGpu == NVML_TEMPERATURE_GPU);
static_assert(nvml::kThresholdSlowdown == NVML_TEMPERATURE_THRESHOLD_SLOWDOWN);
static_assert(nvml::kPeerNvlink == NVML_P2P_CAPS_INDEX_NVLINK);
static_assert(nvml::kPeerOk == NVML_P2P_STATUS_OK);
static_assert(nvml::kClockSm == NVML_CLOCK_SM && nvml::kClockMemory == NVML_CLOCK_MEM);
static_assert(nvml::kEccCorrected == NVML_MEMORY_ERROR_TYPE_CORRECTED);
static_assert(nvml::kEccUncorrected == NVML_MEMORY_ERROR_TYPE_UNCORRECTED);
static_assert(nvml::kEccSinceDriverLoad == NVML_VOLATILE_ECC);
static_assert(nvml::kEventXid == nvmlEventTypeXidCriticalError);
static_assert(nvml::kReasonIdle == nvmlClocksThrottleReasonGpuIdle);
static_assert(nvml::kReasonApplicationClocks == nvmlClocksThrottleReasonApplicationsClocksSetting);
static_assert(nvml::kReasonPowerCap == nvmlClocksThrottleReasonSwPowerCap);
static_assert(nvml::kReasonHwSlowdown == nvmlClocksThrottleReasonHwSlowdown);
static_assert(nvml::kReasonSyncBoost == nvmlClocksThrottleReasonSyncBoost);
static_assert(nvml::kReasonHeat == nvmlClocksThrottleReasonSwThermalSlowdown);
static_assert(nvml::kReasonHeatHw == nvmlClocksThrottleReasonHwThermalSlowdown);
static_assert(nvml::kReasonPowerBrake == nvmlClocksThrottleReasonHwPowerBrakeSlowdown);
static_assert(nvml::kReasonDisplay == nvmlClocksThrottleReasonDisplayClockSetting);

}  // namespace

TEST_CASE("our declarations of NVML are those of its header") {
  SUCCEED("held when this was compiled, against version " << NVML_API_VERSION_STR);
}

#else

TEST_CASE("without NVIDIA's header our declarations of NVML are not held against it") {
  WARN("nvml.h is not installed (CUDA's toolkit, or the package nvidia-nvml-dev, has it)");
}

#endif

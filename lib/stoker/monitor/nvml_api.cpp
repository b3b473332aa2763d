#include "stoker/monitor/nvml_api.h"

#include <dlfcn.h>

#include <initializer_list>

namespace stoker::monitor {

namespace {

// The first of the names that the library has: newer drivers rename what they change.
template <class Function>
void find(void* library, Function*& function, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    function = reinterpret_cast<Function*>(dlsym(library, name));
    if (function != nullptr) return;
  }
}

void find_of_system(void* library, NvmlApi& api) {
  find(library, api.init, {"nvmlInit_v2"});
  find(library, api.shutdown, {"nvmlShutdown"});
  find(library, api.error_string, {"nvmlErrorString"});
  find(library, api.system_get_driver_version, {"nvmlSystemGetDriverVersion"});
  find(library, api.system_get_cuda_driver_version, {"nvmlSystemGetCudaDriverVersion_v2"});
  find(library, api.device_get_count, {"nvmlDeviceGetCount_v2"});
  find(library, api.device_get_handle_by_index, {"nvmlDeviceGetHandleByIndex_v2"});
  find(library, api.device_get_handle_by_uuid, {"nvmlDeviceGetHandleByUUID"});
}

void find_what_it_is(void* library, NvmlApi& api) {
  find(library, api.device_get_name, {"nvmlDeviceGetName"});
  find(library, api.device_get_uuid, {"nvmlDeviceGetUUID"});
  find(library, api.device_get_compute_capability, {"nvmlDeviceGetCudaComputeCapability"});
  find(library, api.device_get_core_count, {"nvmlDeviceGetNumGpuCores"});
  find(library, api.device_get_fan_count, {"nvmlDeviceGetNumFans"});
  find(library, api.device_get_persistence_mode, {"nvmlDeviceGetPersistenceMode"});
  find(library, api.device_get_max_clock, {"nvmlDeviceGetMaxClockInfo"});
  find(library, api.device_get_max_pcie_generation, {"nvmlDeviceGetMaxPcieLinkGeneration"});
  find(library, api.device_get_max_pcie_width, {"nvmlDeviceGetMaxPcieLinkWidth"});
  find(library, api.device_get_topology, {"nvmlDeviceGetTopologyCommonAncestor"});
  find(library, api.device_get_peer_status, {"nvmlDeviceGetP2PStatus"});
  find(library, api.device_get_nvlink_state, {"nvmlDeviceGetNvLinkState"});
  find(library, api.device_is_mig, {"nvmlDeviceIsMigDeviceHandle"});
  find(library, api.device_get_mig_mode, {"nvmlDeviceGetMigMode"});
  find(library, api.device_get_parent, {"nvmlDeviceGetDeviceHandleFromMigDeviceHandle"});
  find(library, api.device_get_attributes, {"nvmlDeviceGetAttributes_v2"});
  find(library, api.device_get_gpu_instance, {"nvmlDeviceGetGpuInstanceId"});
}

void find_what_it_does(void* library, NvmlApi& api) {
  find(library, api.device_get_memory_info, {"nvmlDeviceGetMemoryInfo"});
  find(library, api.device_get_utilization_rates, {"nvmlDeviceGetUtilizationRates"});
  find(library, api.device_get_total_energy, {"nvmlDeviceGetTotalEnergyConsumption"});
  find(library, api.device_get_power_usage, {"nvmlDeviceGetPowerUsage"});
  find(library, api.device_get_power_limit, {"nvmlDeviceGetEnforcedPowerLimit"});
  find(library, api.device_get_field_values, {"nvmlDeviceGetFieldValues"});
  find(library, api.device_get_temperature, {"nvmlDeviceGetTemperature"});
  find(library, api.device_get_temperature_threshold, {"nvmlDeviceGetTemperatureThreshold"});
  find(library, api.device_get_margin_temperature, {"nvmlDeviceGetMarginTemperature"});
  find(library, api.device_get_clock, {"nvmlDeviceGetClockInfo"});
  find(library, api.device_get_clock_reasons,
       {"nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"});
  find(library, api.device_get_pcie_generation, {"nvmlDeviceGetCurrPcieLinkGeneration"});
  find(library, api.device_get_pcie_width, {"nvmlDeviceGetCurrPcieLinkWidth"});
  find(library, api.device_get_ecc_errors, {"nvmlDeviceGetTotalEccErrors"});
  find(library, api.device_get_processes, {"nvmlDeviceGetComputeRunningProcesses_v3"});
  find(library, api.event_set_create, {"nvmlEventSetCreate"});
  find(library, api.event_set_free, {"nvmlEventSetFree"});
  find(library, api.event_set_wait, {"nvmlEventSetWait_v2"});
  find(library, api.device_register_events, {"nvmlDeviceRegisterEvents"});
  find(library, api.gpm_query_support, {"nvmlGpmQueryDeviceSupport"});
  find(library, api.gpm_sample_alloc, {"nvmlGpmSampleAlloc"});
  find(library, api.gpm_sample_free, {"nvmlGpmSampleFree"});
  find(library, api.gpm_sample_get, {"nvmlGpmSampleGet"});
  find(library, api.gpm_mig_sample_get, {"nvmlGpmMigSampleGet"});
  find(library, api.gpm_metrics_get, {"nvmlGpmMetricsGet"});
}

}  // namespace

NvmlApi load_nvml_api(void* library) {
  NvmlApi api;
  find_of_system(library, api);
  find_what_it_is(library, api);
  find_what_it_does(library, api);
  return api;
}

}  // namespace stoker::monitor

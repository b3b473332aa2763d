#include "monitor/fake_nvml.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>
#include <thread>

#include "stoker/monitor/nvml_api.h"

namespace {

using namespace stoker::monitor;
constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr unsigned long long kGib = 1ULL << 30;

struct Card {
  std::string_view id;
  const char* name;
  int major = 9, minor = 0;
  unsigned cores = 16896;
  unsigned long long memory = 141 * kGib, used = 90 * kGib;
  double power_w = 412, limit_w = 700;
  unsigned any_kernel = 97, memory_busy = 60;
  double sm_busy = 83.5, occupancy = 41, tensor = 37.25, dram = 55.5;
  unsigned temperature = 64, slowdown = 93;
  unsigned sm_mhz = 1980, memory_mhz = 3201;
  unsigned long long reasons = 0;
  double held_by_power = 0, held_by_heat = 0;  // shares of the time
  bool has_gpm = true, has_energy = true, has_ecc = true, has_utilization = true, has_fields = true;
  bool is_mig = false, power_of_module_only = false, is_broken = false;
  double lost_at_s = kNever, hangs_at_s = kNever, reset_at_s = kNever;
  double energy_gap_s = 0;  // from 100 s on
  bool counts = true;
  unsigned processes = 1;
  unsigned devices = 1;
  bool is_joined = true;  // by NVLink, where there are several
};

constexpr std::array<Card, 17> kCards{{
    {.id = "h200", .name = "NVIDIA H200"},
    {.id = "a100_mig",
     .name = "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
     .major = 8,
     .cores = 6912,
     .memory = 5 * kGib,
     .used = 2 * kGib,
     .power_w = 216,
     .limit_w = 400,
     .has_gpm = false,
     .has_utilization = false,
     .is_mig = true},
    {.id = "h100_mig",
     .name = "NVIDIA H100 80GB HBM3 MIG 1g.10gb",
     .memory = 10 * kGib,
     .used = 4 * kGib,
     .power_w = 330,
     .has_utilization = false,
     .is_mig = true},
    // An energy counter that cannot be read for a minute, and one that has never counted.
    {.id = "counter_gap", .name = "NVIDIA H100 80GB HBM3", .power_w = 300, .energy_gap_s = 60},
    {.id = "counter_still", .name = "NVIDIA H100 80GB HBM3", .power_w = 300, .counts = false},
    {.id = "geforce",
     .name = "NVIDIA GeForce RTX 3090",
     .major = 8,
     .minor = 6,
     .memory = 24 * kGib,
     .used = 8 * kGib,
     .power_w = 320,
     .limit_w = 350,
     .has_gpm = false,
     .has_energy = false,
     .has_ecc = false},
    {.id = "throttling",
     .name = "NVIDIA A40",
     .major = 8,
     .minor = 6,
     .temperature = 95,
     .sm_mhz = 900,
     .reasons = 0x4 | 0x20,
     .held_by_power = 0.25,
     .held_by_heat = 0.5,
     .has_gpm = false},
    // The same, without counters of the time that clocks were held down.
    {.id = "throttling_old",
     .name = "Tesla V100-SXM2-16GB",
     .major = 7,
     .reasons = 0x40 | 0x8,
     .has_gpm = false,
     .has_fields = false},
    {.id = "vanishing", .name = "NVIDIA H100 80GB HBM3", .lost_at_s = 10},
    {.id = "hanging", .name = "NVIDIA H100 80GB HBM3", .hangs_at_s = 0},
    {.id = "reset", .name = "NVIDIA H100 80GB HBM3", .power_w = 300, .reset_at_s = 300},
    {.id = "gh200", .name = "NVIDIA GH200 480GB", .power_of_module_only = true},
    {.id = "constant", .name = "NVIDIA H100 80GB HBM3", .power_w = 300},
    {.id = "broken", .name = "NVIDIA H100 80GB HBM3", .is_broken = true},
    {.id = "two_processes", .name = "NVIDIA H100 80GB HBM3", .processes = 2},
    {.id = "joined_pair", .name = "NVIDIA H200", .devices = 2},
    {.id = "three", .name = "NVIDIA L4", .major = 8, .devices = 3, .is_joined = false},
}};

const Card* first_card() {
  const char* named = std::getenv("STOKER_FAKE_CARD");
  for (const Card& card : kCards) {
    if (named != nullptr && card.id == named) return &card;
  }
  return kCards.data();
}

const Card* card = first_card();
std::atomic<double> time_s{std::nan("")};
std::atomic<long> calls{0};
std::atomic<bool> has_told_xid{false}, has_hung{false};
const auto kBegin = std::chrono::steady_clock::now();

double now_s() {
  const double set = time_s;
  if (!std::isnan(set)) return set;
  static const double begin_s = [] {
    const char* text = std::getenv("STOKER_FAKE_BEGIN_S");
    return text != nullptr ? std::atof(text) : 0;
  }();
  return begin_s + std::chrono::duration<double>(std::chrono::steady_clock::now() - kBegin).count();
}

// What every call on a device begins with.
NvmlReturn state_of_card() {
  ++calls;
  if (card->is_broken) return NvmlReturn::kUnknown;
  if (now_s() >= card->lost_at_s) return NvmlReturn::kGpuIsLost;
  if (now_s() >= card->hangs_at_s && !has_hung.exchange(true))
    std::this_thread::sleep_for(std::chrono::seconds(5));
  return NvmlReturn::kSuccess;
}

template <class T, class V>
NvmlReturn give(T* where, V value, bool is_offered = true) {
  const NvmlReturn state = state_of_card();
  if (state != NvmlReturn::kSuccess) return state;
  if (!is_offered) return NvmlReturn::kNotSupported;
  *where = static_cast<T>(value);
  return NvmlReturn::kSuccess;
}

NvmlDevice whole() { return reinterpret_cast<NvmlDevice>(0x10); }
NvmlDevice slice() { return reinterpret_cast<NvmlDevice>(0x20); }
NvmlReturn copy(char* to, unsigned size, const char* text) {
  std::snprintf(to, size, "%s", text);
  return NvmlReturn::kSuccess;
}
constexpr const char* kGpuUuid = "GPU-00112233-4455-6677-8899-aabbccddeeff";
constexpr const char* kMigUuid = "MIG-00112233-4455-6677-8899-aabbccddeeff";

[[maybe_unused]] void fill(NvmlFieldValue& field) {
  field.result = NvmlReturn::kSuccess;
  field.type = NvmlValueType::kUnsignedLongLong;
  const auto ns = [&](double share) {
    field.value.natural_long_long = static_cast<unsigned long long>(share * now_s() * 1e9);
  };
  switch (field.field) {
    case nvml::kFieldPowerInstant:
      field.type = NvmlValueType::kUnsigned;
      field.value.natural = static_cast<unsigned>(1000 * card->power_w);
      if (card->power_of_module_only && field.scope == nvml::kScopeGpu)
        field.result = NvmlReturn::kNotSupported;
      return;
    case nvml::kFieldThrottledByPower:
      return ns(card->held_by_power);
    case nvml::kFieldThrottledByHeat:
      return ns(card->held_by_heat);
    case nvml::kFieldThrottledByHeatHw:
    case nvml::kFieldThrottledByPowerBrake:
    case nvml::kFieldThrottledBySyncBoost:
      return ns(0);
    case nvml::kFieldPcieSentBytes:
    case nvml::kFieldPcieReceivedBytes:  // 1 GiB a second each way, wrapping
      field.value.natural_long_long =
          static_cast<unsigned long long>(now_s() * double(kGib)) & 0xFFFFFFFF;
      return;
    case nvml::kFieldNvlinkSentKib:  // 8 and 4 GiB a second over all links
    case nvml::kFieldNvlinkReceivedKib:
      if (card->id != "h200" || field.scope != nvml::kAllLinks) break;
      field.value.natural_long_long = static_cast<unsigned long long>(
          now_s() * double(kGib / 1024) * (field.field == nvml::kFieldNvlinkSentKib ? 8 : 4));
      return;
    case nvml::kFieldSlowdownLimit:  // Ada and later have it
      if (card->major * 10 + card->minor < 89) break;
      field.type = NvmlValueType::kInt;
      field.value.integer = -2;
      return;
    default:
      break;
  }
  field.result = NvmlReturn::kNotSupported;
}

}  // namespace

extern "C" {

bool fake_nvml_play(const char* id) {
  for (const Card& each : kCards) {
    if (each.id != id) continue;
    card = &each;
    calls = 0;
    has_told_xid = has_hung = false;
    return true;
  }
  return false;
}
void fake_nvml_set_time(double seconds) { time_s = seconds; }
long fake_nvml_calls() { return calls; }

NvmlReturn nvmlInit_v2() { return NvmlReturn::kSuccess; }
NvmlReturn nvmlShutdown() { return NvmlReturn::kSuccess; }
const char* nvmlErrorString(NvmlReturn result) {
  return result == NvmlReturn::kGpuIsLost ? "GPU is lost" : "Unknown Error";
}
NvmlReturn nvmlSystemGetDriverVersion(char* text, unsigned size) {
  return copy(text, size, "555.42.02");
}
NvmlReturn nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = 12050;
  return NvmlReturn::kSuccess;
}
NvmlReturn nvmlDeviceGetCount_v2(unsigned* count) {
  *count = card->devices;
  return NvmlReturn::kSuccess;
}
NvmlReturn nvmlDeviceGetHandleByIndex_v2(unsigned index, NvmlDevice* device) {
  if (index >= card->devices) return NvmlReturn::kNotFound;
  *device = reinterpret_cast<NvmlDevice>(0x10 + index);
  return NvmlReturn::kSuccess;
}
NvmlReturn nvmlDeviceGetHandleByUUID(const char* uuid, NvmlDevice* device) {
  const bool is_slice = std::strcmp(uuid, kMigUuid) == 0;
  if (is_slice != card->is_mig || (!is_slice && std::strcmp(uuid, kGpuUuid) != 0))
    return NvmlReturn::kNotFound;
  *device = is_slice ? slice() : whole();
  return NvmlReturn::kSuccess;
}
NvmlReturn nvmlDeviceGetName(NvmlDevice, char* text, unsigned size) {
  return copy(text, size, card->name);
}
NvmlReturn nvmlDeviceGetUUID(NvmlDevice device, char* text, unsigned size) {
  return copy(text, size, device == slice() ? kMigUuid : kGpuUuid);
}
NvmlReturn nvmlDeviceGetCudaComputeCapability(NvmlDevice, int* major, int* minor) {
  *major = card->major;
  *minor = card->minor;
  return NvmlReturn::kSuccess;
}
NvmlReturn nvmlDeviceGetNumGpuCores(NvmlDevice, unsigned* cores) {
  *cores = card->cores;
  return NvmlReturn::kSuccess;
}
NvmlReturn nvmlDeviceGetNumFans(NvmlDevice, unsigned* fans) { return give(fans, 0); }
NvmlReturn nvmlDeviceGetPersistenceMode(NvmlDevice, unsigned* mode) { return give(mode, 1); }
NvmlReturn nvmlDeviceGetMemoryInfo(NvmlDevice, NvmlMemory* memory) {
  return give(memory, NvmlMemory{card->memory, card->memory - card->used, card->used});
}
NvmlReturn nvmlDeviceGetUtilizationRates(NvmlDevice, NvmlUtilization* use) {
  return give(use, NvmlUtilization{card->any_kernel, card->memory_busy}, card->has_utilization);
}
NvmlReturn nvmlDeviceGetTotalEnergyConsumption(NvmlDevice, unsigned long long* energy_mj) {
  constexpr double kBase_j = 5e6;  // of the time before
  const double at_s = std::floor(10 * now_s()) / 10;
  const bool is_reset = at_s >= card->reset_at_s;
  constexpr double kGapFrom_s = 100;
  if (now_s() >= kGapFrom_s && now_s() < kGapFrom_s + card->energy_gap_s)
    return NvmlReturn::kUnknown;
  if (!card->counts) return give(energy_mj, 1000 * kBase_j);
  const double joules =
      is_reset ? card->power_w * (at_s - card->reset_at_s) : kBase_j + card->power_w * at_s;
  return give(energy_mj, 1000 * joules, card->has_energy);
}
NvmlReturn nvmlDeviceGetPowerUsage(NvmlDevice, unsigned* power_mw) {
  return give(power_mw, 1000 * card->power_w, !card->power_of_module_only);
}
NvmlReturn nvmlDeviceGetEnforcedPowerLimit(NvmlDevice, unsigned* limit_mw) {
  return give(limit_mw, 1000 * card->limit_w);
}
NvmlReturn nvmlDeviceGetTemperature(NvmlDevice, unsigned, unsigned* degrees) {
  return give(degrees, card->temperature);
}
// Not of cards that have a margin instead.
NvmlReturn nvmlDeviceGetTemperatureThreshold(NvmlDevice, unsigned, unsigned* degrees) {
  return give(degrees, card->slowdown, card->major * 10 + card->minor < 89);
}
NvmlReturn nvmlDeviceGetMarginTemperature(NvmlDevice, NvmlMarginTemperature* margin) {
  if (margin->version != NvmlMarginTemperature{}.version) return NvmlReturn::kUnknown;
  return give(&margin->degrees, int(card->slowdown) - 2 - int(card->temperature),
              card->major * 10 + card->minor >= 89);
}
NvmlReturn nvmlDeviceGetClockInfo(NvmlDevice, unsigned type, unsigned* mhz) {
  return give(mhz, type == nvml::kClockSm ? card->sm_mhz : card->memory_mhz);
}
NvmlReturn nvmlDeviceGetMaxClockInfo(NvmlDevice, unsigned type, unsigned* mhz) {
  return give(mhz, type == nvml::kClockSm ? 1980U : 3201U);
}
NvmlReturn nvmlDeviceGetCurrPcieLinkGeneration(NvmlDevice, unsigned* value) {
  return give(value, 5);
}
NvmlReturn nvmlDeviceGetCurrPcieLinkWidth(NvmlDevice, unsigned* value) { return give(value, 16); }
NvmlReturn nvmlDeviceGetMaxPcieLinkGeneration(NvmlDevice, unsigned* value) {
  return give(value, 5);
}
NvmlReturn nvmlDeviceGetMaxPcieLinkWidth(NvmlDevice, unsigned* value) { return give(value, 16); }
NvmlReturn nvmlDeviceGetTotalEccErrors(NvmlDevice, unsigned type, unsigned,
                                       unsigned long long* count) {
  return give(count, type == nvml::kEccCorrected ? 3 : 0, card->has_ecc);
}
// The first two hang on one switch, the third on another NUMA node.
NvmlReturn nvmlDeviceGetTopologyCommonAncestor(NvmlDevice, NvmlDevice second, unsigned* level) {
  return give(level, second == reinterpret_cast<NvmlDevice>(0x11) ? 10 : 50);
}
NvmlReturn nvmlDeviceGetP2PStatus(NvmlDevice, NvmlDevice, unsigned index, unsigned* status) {
  constexpr unsigned kNotSupported = 5;
  return give(status,
              index == nvml::kPeerNvlink && card->is_joined ? nvml::kPeerOk : kNotSupported);
}
NvmlReturn nvmlDeviceGetNvLinkState(NvmlDevice, unsigned link, unsigned* state) {
  return give(state, link < 18 ? 1 : 0, card->id == "h200" && link < 18);
}
NvmlReturn nvmlEventSetCreate(NvmlEventSet* set) {
  *set = reinterpret_cast<NvmlEventSet>(0x30);
  return NvmlReturn::kSuccess;
}
NvmlReturn nvmlEventSetFree(NvmlEventSet) { return NvmlReturn::kSuccess; }
NvmlReturn nvmlDeviceRegisterEvents(NvmlDevice, unsigned long long, NvmlEventSet) {
  return NvmlReturn::kSuccess;
}
// The vanishing card says so two seconds before: XID 79, fallen off the bus.
NvmlReturn nvmlEventSetWait_v2(NvmlEventSet, NvmlEventData* event, unsigned) {
  if (now_s() < card->lost_at_s - 2 || has_told_xid.exchange(true)) return NvmlReturn::kTimeout;
  *event = {.device = whole(), .type = nvml::kEventXid, .data = 79};
  return NvmlReturn::kSuccess;
}

#ifdef STOKER_FAKE_R450
NvmlReturn nvmlDeviceGetCurrentClocksThrottleReasons(NvmlDevice, unsigned long long* reasons) {
  return give(reasons, card->reasons);
}
#else
NvmlReturn nvmlDeviceGetCurrentClocksEventReasons(NvmlDevice, unsigned long long* reasons) {
  return give(reasons, card->reasons);
}
NvmlReturn nvmlDeviceGetFieldValues(NvmlDevice, int count, NvmlFieldValue* fields) {
  const NvmlReturn state = state_of_card();
  if (state != NvmlReturn::kSuccess) return state;
  if (!card->has_fields) return NvmlReturn::kNotSupported;
  for (int i = 0; i < count; ++i) fill(fields[i]);
  return NvmlReturn::kSuccess;
}
// In a container: numbers of another name space.
NvmlReturn nvmlDeviceGetComputeRunningProcesses_v3(NvmlDevice, unsigned* count,
                                                   NvmlProcess* processes) {
  const NvmlReturn state = state_of_card();
  if (state != NvmlReturn::kSuccess) return state;
  const unsigned there = card->processes;
  const bool fits = *count >= there;
  *count = there;
  if (!fits) return NvmlReturn::kInsufficientSize;
  const std::array<unsigned long long, 2> used{12 * kGib, 30 * kGib};
  for (unsigned i = 0; i < there; ++i) processes[i] = {.pid = 4'000'001 + i, .used_bytes = used[i]};
  return NvmlReturn::kSuccess;
}
NvmlReturn nvmlDeviceIsMigDeviceHandle(NvmlDevice device, unsigned* is_mig) {
  return give(is_mig, device == slice() ? 1 : 0);
}
NvmlReturn nvmlDeviceGetMigMode(NvmlDevice, unsigned* now, unsigned* pending) {
  *pending = 0;
  return give(now, card->is_mig ? 1 : 0);
}
NvmlReturn nvmlDeviceGetDeviceHandleFromMigDeviceHandle(NvmlDevice, NvmlDevice* parent) {
  *parent = whole();
  return NvmlReturn::kSuccess;
}
NvmlReturn nvmlDeviceGetAttributes_v2(NvmlDevice, NvmlAttributes* attributes) {
  return give(attributes, NvmlAttributes{.multiprocessors = 14}, card->is_mig);
}
NvmlReturn nvmlDeviceGetGpuInstanceId(NvmlDevice, unsigned* id) {
  return give(id, 7, card->is_mig);
}
NvmlReturn nvmlGpmQueryDeviceSupport(NvmlDevice, NvmlGpmSupport* support) {
  support->is_supported = card->has_gpm ? 1 : 0;
  return NvmlReturn::kSuccess;
}
NvmlReturn nvmlGpmSampleAlloc(NvmlGpmSample* sample) {
  *sample = reinterpret_cast<NvmlGpmSample>(std::malloc(16));
  return NvmlReturn::kSuccess;
}
NvmlReturn nvmlGpmSampleFree(NvmlGpmSample sample) {
  std::free(sample);
  return NvmlReturn::kSuccess;
}
NvmlReturn nvmlGpmSampleGet(NvmlDevice, NvmlGpmSample) { return state_of_card(); }
NvmlReturn nvmlGpmMigSampleGet(NvmlDevice, unsigned, NvmlGpmSample) { return state_of_card(); }
NvmlReturn nvmlGpmMetricsGet(NvmlGpmMetrics* metrics) {
  const NvmlReturn state = state_of_card();
  if (state != NvmlReturn::kSuccess) return state;
  for (unsigned i = 0; i < metrics->count; ++i) {
    NvmlGpmMetric& metric = metrics->metrics[i];
    metric.result = NvmlReturn::kSuccess;
    if (metric.id == nvml::kGpmSmBusy) metric.value = card->sm_busy;
    if (metric.id == nvml::kGpmOccupancy) metric.value = card->occupancy;
    if (metric.id == nvml::kGpmTensor) metric.value = card->tensor;
    if (metric.id == nvml::kGpmDram) metric.value = card->dram;
    if (metric.id == nvml::kGpmPcieSent) metric.value = 512;  // MiB/s
    if (metric.id == nvml::kGpmPcieReceived) metric.value = 18 * 1024;
  }
  return NvmlReturn::kSuccess;
}
#endif

}  // extern "C"

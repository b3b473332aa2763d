#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "stoker/core/json_text.h"
#include "stoker/monitor/clock_reasons.h"
#include "stoker/monitor/gpu_table.h"
#include "stoker/monitor/libraries.h"
#include "stoker/monitor/machine_report.h"

namespace stoker::monitor {

namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json peaks_json(const std::string& name) {
  const GpuSpec* spec = find_gpu(name);
  if (spec == nullptr) return nullptr;
  const auto rate = [](double tflops) {
    return tflops > 0 ? ordered_json(tflops) : ordered_json(nullptr);
  };
  return {{"fp32_tflops", rate(spec->fp32)}, {"tf32_tflops", rate(spec->tf32)},
          {"bf16_tflops", rate(spec->bf16)}, {"fp16_tflops", rate(spec->fp16)},
          {"fp8_tflops", rate(spec->fp8)},   {"bandwidth_gb_s", spec->bandwidth_gb_s},
          {"source", spec->source}};
}

ordered_json gpu_json(const GpuFacts& gpu, const MachineFacts& facts) {
  static constexpr std::array<std::string_view, 3> kFits{"code", "ptx", "none"};
  const GpuInfo& info = gpu.info;
  const GpuReading& now = gpu.reading;
  const auto capability = info.capability;
  ordered_json json{{"name", info.name},
                    {"uuid", info.uuid},
                    {"is_lost", now.is_lost},
                    {"compute_capability", or_null(capability)},
                    {"tensor_cores", tensor_core_types(capability.value_or(0))},
                    {"cuda_graphs", capability ? ordered_json(has_cuda_graphs(*capability))
                                               : ordered_json(nullptr)},
                    {"kernels", nullptr},
                    {"precision", capability ? ordered_json(fastest_precision(*capability))
                                             : ordered_json(nullptr)},
                    {"memory_bytes", or_null(info.memory_bytes)},
                    {"memory_used_bytes", or_null(now.memory_used_bytes)},
                    {"processes", or_null(now.processes)},
                    {"peaks", peaks_json(info.name)},
                    {"power_w", or_null(now.power_w)},
                    {"power_limit_w", or_null(now.power_limit_w)},
                    {"temperature_c", or_null(now.temperature_c)},
                    {"slowdown_c", or_null(info.slowdown_c)},
                    {"fans", or_null(info.fans)},
                    {"sm_mhz", or_null(now.sm_mhz)},
                    {"max_sm_mhz", or_null(info.max_sm_mhz)},
                    {"held_down_by", clock_reasons(now.reasons.value_or(0))},
                    {"pcie_generation", or_null(now.pcie_generation)},
                    {"pcie_width", or_null(now.pcie_width)},
                    {"max_pcie_generation", or_null(info.max_pcie_generation)},
                    {"max_pcie_width", or_null(info.max_pcie_width)},
                    {"nvlinks", or_null(gpu.nvlinks)},
                    {"is_divided", gpu.is_divided},
                    {"ecc_uncorrected", or_null(now.ecc_uncorrected)},
                    {"persists", or_null(gpu.persists)}};
  if (capability && !facts.built_cuda.empty())
    json["kernels"] = kFits[static_cast<size_t>(fit_of(facts.kernels, *capability))];
  return json;
}

ordered_json path_json(const GpuPath& path) {
  return {{"gpus", {path.first, path.second}},
          {"pcie", path.words.empty() ? ordered_json(nullptr) : ordered_json(path.words)},
          {"nvlink", or_null(path.by_nvlink)}};
}

ordered_json cpu_json(const CpuFacts& cpu) {
  return {{"name", cpu.name},
          {"processors", cpu.processors},
          {"usable", cpu.usable},
          {"quota", or_null(cpu.quota)},
          {"quota_used_up", or_null(cpu.held)},
          {"avx2", cpu.avx2},
          {"avx512", cpu.avx512},
          {"avx512_bf16", cpu.avx512_bf16},
          {"amx_bf16", cpu.amx_bf16},
          {"amx_int8", cpu.amx_int8},
          {"governor", cpu.governor},
          {"clock_source", cpu.clock_source},
          {"energy", cpu.energy.empty() ? "readable" : cpu.energy}};
}

ordered_json memory_json(const MemoryFacts& memory) {
  return {{"total_bytes", memory.total_bytes},
          {"usable_bytes", memory.usable_bytes()},
          {"limit_bytes", or_null(memory.limit_bytes)},
          {"shared_bytes", or_null(memory.shared_bytes)},
          {"shared_free_bytes", or_null(memory.shared_free_bytes)}};
}

ordered_json disk_json(const DiskFacts& disk) {
  return {{"folder", disk.folder.string()},
          {"free_bytes", disk.free_bytes},
          {"write_mib_s", or_null(disk.write_mib_s)},
          {"read_mib_s", or_null(disk.read_mib_s)},
          {"why_not", disk.why_not}};
}

ordered_json driver_json(const MachineFacts& facts) {
  return {{"version", facts.driver},
          {"cuda", facts.driver_cuda},
          {"why_not", facts.why_no_driver},
          {"visible_to_libtorch", facts.cuda_devices}};
}

}  // namespace

std::string machine_json(const MachineFacts& facts) {
  ordered_json json{{"can_train", !is_training_barred(facts)},
                    {"gpus", ordered_json::array()},
                    {"paths", ordered_json::array()},
                    {"driver", driver_json(facts)},
                    {"cpu", cpu_json(facts.system.cpu)},
                    {"memory", memory_json(facts.system.memory)},
                    {"disk", disk_json(facts.system.disk)},
                    {"open_files", facts.system.open_files},
                    {"most_open_files", facts.system.most_open_files},
                    {"system", facts.system.system},
                    {"distribution", facts.system.distribution},
                    {"libraries", ordered_json::object()},
                    {"warnings", ordered_json::array()}};
  for (const GpuFacts& gpu : facts.gpus) json["gpus"].push_back(gpu_json(gpu, facts));
  for (const GpuPath& path : facts.paths) json["paths"].push_back(path_json(path));
  for (const auto& [name, version] : libraries()) json["libraries"][name] = version;
  for (const Warning& warning : warnings_of(facts))
    json["warnings"].push_back(
        {{"what", warning.what}, {"why", warning.why}, {"fix", warning.fix}});
  return json_text(json, 2) + "\n";
}

}  // namespace stoker::monitor

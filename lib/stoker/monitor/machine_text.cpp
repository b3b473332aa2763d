#include "stoker/monitor/machine_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/monitor/clock_reasons.h"
#include "stoker/monitor/gpu_table.h"
#include "stoker/monitor/libraries.h"

namespace stoker::monitor {

namespace {

std::string size_text(int64_t bytes) { return human_bytes(static_cast<uint64_t>(bytes)); }

// Rows with a name before the first line of each.
class Page {
 public:
  void row(std::string_view name, const std::string& value) {
    if (!value.empty()) text_ += fmt::format("{:<10} {}\n", name, value);
  }
  // Parts that are there, with commas between them.
  void row(std::string_view name, std::vector<std::string> parts) {
    std::erase(parts, "");
    row(name, fmt::format("{}", fmt::join(parts, "; ")));
  }
  void line(const std::string& line) { text_ += line + "\n"; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// ---- GPUs

std::string memory_text(const GpuFacts& gpu) {
  const auto total = gpu.info.memory_bytes;
  if (!total) return "";
  std::string text = fmt::format("{} of memory", size_text(*total));
  if (const auto used = gpu.reading.memory_used_bytes; used && *used > 0)
    text += fmt::format(", {} of it in use", size_text(*used));
  return text;
}

std::string kernels_text(const MachineFacts& facts, double capability) {
  if (facts.built_cuda.empty()) return "this stoker was built without CUDA";
  switch (fit_of(facts.kernels, capability)) {
    case KernelFit::kCode:
      return "our kernels are built for it";
    case KernelFit::kPtx:
      return "the driver compiles our kernels for it at the first start";
    case KernelFit::kNone:
      break;
  }
  return "our kernels are not built for it";
}

std::string arithmetic_text(double capability) {
  const std::vector<std::string> types = tensor_core_types(capability);
  const std::string_view graphs = has_cuda_graphs(capability) ? "; CUDA graphs" : "";
  if (types.empty()) return fmt::format("no tensor cores: fp32 is fastest{}", graphs);
  return fmt::format("tensor cores for {}; train.precision: auto takes {}{}",
                     fmt::join(types, ", "), fastest_precision(capability), graphs);
}

// "989 TFLOPS in bf16, …": of the table, for the clock that the table's figures are for.
std::string peak_text(const std::string& name) {
  const GpuSpec* spec = find_gpu(name);
  if (spec == nullptr) return "unknown peak rates: the card is not in the table of docs/gpus.md";
  std::vector<std::string> rates;
  for (const auto& [tflops, type] : {std::pair(spec->fp8, "fp8"), std::pair(spec->bf16, "bf16"),
                                     std::pair(spec->bf16 > 0 ? 0 : spec->fp16, "fp16"),
                                     std::pair(spec->tf32, "tf32"), std::pair(spec->fp32, "fp32")})
    if (tflops > 0) rates.push_back(fmt::format("{:g} in {}", tflops, type));
  return fmt::format("at most {} TFLOPS, {:g} GB/s (dense, by docs/gpus.md)",
                     fmt::join(rates, ", "), spec->bandwidth_gb_s);
}

std::vector<std::string> power_parts(const GpuFacts& gpu) {
  std::vector<std::string> parts;
  const GpuReading& now = gpu.reading;
  const auto limit = now.power_limit_w ? now.power_limit_w : gpu.info.power_limit_w;
  if (now.power_w && limit) {
    parts.push_back(
        fmt::format("{:.0f} of {:.0f} W{}", *now.power_w, *limit,
                    now.power_is_of_module ? " (of the module, processor included)" : ""));
  }
  if (now.temperature_c) {
    parts.push_back(fmt::format(
        "{:.0f} C{}", *now.temperature_c,
        gpu.info.slowdown_c ? fmt::format(", slows down at {:.0f} C", *gpu.info.slowdown_c) : ""));
  }
  if (gpu.info.fans)
    parts.push_back(*gpu.info.fans > 0 ? fmt::format("{} fans", *gpu.info.fans)
                                       : "no fans: cooled by its case");
  return parts;
}

std::vector<std::string> clock_parts(const GpuFacts& gpu) {
  std::vector<std::string> parts;
  if (gpu.reading.sm_mhz && gpu.info.max_sm_mhz) {
    parts.push_back(fmt::format("{:.0f} of {:.0f} MHz", *gpu.reading.sm_mhz, *gpu.info.max_sm_mhz));
  }
  const auto reasons = clock_reasons(gpu.reading.reasons.value_or(0));
  if (!reasons.empty()) parts.push_back(fmt::format("held down by {}", fmt::join(reasons, ", ")));
  return parts;
}

std::vector<std::string> link_parts(const GpuFacts& gpu) {
  std::vector<std::string> parts;
  const GpuReading& now = gpu.reading;
  if (now.pcie_generation && now.pcie_width) {
    parts.push_back(fmt::format(
        "PCIe generation {}{}, {}{} lanes", *now.pcie_generation,
        gpu.info.max_pcie_generation ? fmt::format(" of {}", *gpu.info.max_pcie_generation) : "",
        *now.pcie_width,
        gpu.info.max_pcie_width ? fmt::format(" of {}", *gpu.info.max_pcie_width) : ""));
  }
  if (gpu.nvlinks.value_or(0) > 0) parts.push_back(fmt::format("{} NVLinks up", *gpu.nvlinks));
  return parts;
}

void add_gpu(Page& page, const MachineFacts& facts, size_t index) {
  const GpuFacts& gpu = facts.gpus[index];
  const std::string name = fmt::format("gpu {}", index);
  if (gpu.reading.is_lost) return page.row(name, shown(gpu.info.name) + ", which is lost");
  const auto capability = gpu.info.capability;
  page.row(name, std::vector<std::string>{
                     shown(gpu.info.name),
                     capability ? fmt::format("compute capability {:.1f}", *capability) : "",
                     memory_text(gpu)});
  if (capability) {
    page.row("", arithmetic_text(*capability));
    page.row("", kernels_text(facts, *capability));
  }
  page.row("", peak_text(gpu.info.name));
  page.row("", power_parts(gpu));
  page.row("", clock_parts(gpu));
  page.row("", link_parts(gpu));
  if (gpu.is_divided)
    page.row("", "divided into MIG slices: CUDA takes one (nvidia-smi -L names them)");
  if (const auto errors = gpu.reading.ecc_uncorrected)
    page.row("", fmt::format("memory with ECC, {} errors that it could not correct", *errors));
}

void add_path(Page& page, const GpuPath& path, bool is_first) {
  const std::string pcie = path.words.empty() ? "" : "PCIe " + path.words;
  const bool by_nvlink = path.by_nvlink.value_or(false);
  page.row(is_first ? "paths" : "",
           fmt::format("{} and {}: {}{}{}", path.first, path.second, by_nvlink ? "NVLink" : "",
                       by_nvlink && !pcie.empty() ? ", else " : "", pcie));
}

void add_gpus(Page& page, const MachineFacts& facts) {
  for (size_t i = 0; i < facts.gpus.size(); ++i) add_gpu(page, facts, i);
  for (const GpuPath& path : facts.paths) add_path(page, path, &path == &facts.paths.front());
  if (!facts.driver.empty()) {
    page.row("driver",
             fmt::format("{}, for CUDA up to {}; LibTorch was built with {} and sees {} {}",
                         facts.driver, facts.driver_cuda.empty() ? "?" : facts.driver_cuda,
                         facts.built_cuda.empty() ? "none" : "CUDA " + facts.built_cuda,
                         facts.cuda_devices, facts.cuda_devices == 1 ? "GPU" : "GPUs"));
  }
}

// ---- Processors, memory, disk

std::string instructions_text(const CpuFacts& cpu) {
  std::vector<std::string> has, lacks;
  const auto note = [&](bool is_there, const char* name) {
    (is_there ? has : lacks).emplace_back(name);
  };
  note(cpu.avx2, "AVX2");
  note(cpu.avx512, "AVX-512");
  if (cpu.avx512) note(cpu.avx512_bf16, "AVX512_BF16");
  note(cpu.amx_bf16, "AMX for bf16");
  if (cpu.amx_bf16) note(cpu.amx_int8, "AMX for int8");
  std::string text = fmt::format("{}", fmt::join(has, ", "));
  if (!lacks.empty())
    text += fmt::format("{}no {}", text.empty() ? "" : "; ", fmt::join(lacks, ", no "));
  return text + (cpu.amx_bf16 ? ": training takes bf16" : ": training takes fp32");
}

void add_cpu(Page& page, const CpuFacts& cpu) {
  page.row("cpu",
           std::vector<std::string>{
               shown(cpu.name),
               fmt::format("{} of {} hardware threads can be used", cpu.usable, cpu.processors),
               cpu.quota ? fmt::format("quota of {:.3g}", *cpu.quota) : ""});
  page.row("", instructions_text(cpu));
  page.row("", std::vector<std::string>{
                   cpu.clock_source.empty() ? "" : "clock source " + cpu.clock_source,
                   cpu.governor.empty() ? "" : "governor " + cpu.governor,
                   cpu.energy.empty() ? "its energy can be measured"
                                      : "energy not measured: " + cpu.energy});
}

void add_memory(Page& page, const MemoryFacts& memory) {
  page.row("memory", std::vector<std::string>{
                         fmt::format("{}, {} can be had", size_text(memory.total_bytes),
                                     size_text(memory.usable_bytes())),
                         memory.limit_bytes ? fmt::format("the container's limit is {}",
                                                          size_text(*memory.limit_bytes))
                                            : "",
                         memory.shared_bytes
                             ? fmt::format("/dev/shm {}, {} free", size_text(*memory.shared_bytes),
                                           size_text(memory.shared_free_bytes.value_or(0)))
                             : "no /dev/shm"});
}

void add_disk(Page& page, const SystemFacts& system) {
  const DiskFacts& disk = system.disk;
  std::vector<std::string> parts{
      fmt::format("{}: {} free", shown(disk.folder.string()), size_text(disk.free_bytes))};
  if (disk.write_mib_s)
    parts.push_back(fmt::format("writes {} MiB/s, synced", human_count(*disk.write_mib_s)));
  if (disk.read_mib_s)
    parts.push_back(
        fmt::format("reads {} MiB/s past the page cache", human_count(*disk.read_mib_s)));
  parts.push_back(disk.why_not.empty() ? "" : "not measured: " + shown(disk.why_not));
  page.row("disk", parts);
  page.row("files",
           fmt::format("{} may be open at once, {} where a process asks for it",
                       human_count(system.open_files), human_count(system.most_open_files)));
}

std::string libraries_text() {
  std::vector<std::string> words;
  for (const auto& [name, version] : libraries())
    words.push_back(fmt::format("{} {}", name, version));
  return fmt::format("{}", fmt::join(words, ", "));
}

void add_opening(Page& page, const MachineFacts& facts) {
  const bool has_gpu = facts.cuda_devices > 0;
  if (has_gpu) return;
  if (!facts.gpus.empty() || facts.system.has_nvidia_device)
    return page.line("There is a GPU that stoker cannot use now: see the warnings.");
  page.line(
      "No NVIDIA GPU is here. Training works on the CPU, which suits small images and small "
      "networks;\n`stoker doctor CONFIG` estimates how long a training takes, here and on common "
      "GPUs.");
}

void add_warnings(Page& page, const MachineFacts& facts) {
  const std::vector<Warning> warnings = warnings_of(facts);
  if (warnings.empty()) return page.line("\nNothing stands in the way of training.");
  page.line(
      fmt::format("\n{} {}:", warnings.size(), warnings.size() == 1 ? "warning" : "warnings"));
  for (const Warning& warning : warnings) {
    page.line("- " + shown(warning.what));
    page.line("  why: " + shown(warning.why));
    page.line("  fix: " + shown(warning.fix));
  }
}

}  // namespace

std::string machine_text(const MachineFacts& facts) {
  Page page;
  add_opening(page, facts);
  add_gpus(page, facts);
  add_cpu(page, facts.system.cpu);
  add_memory(page, facts.system.memory);
  add_disk(page, facts.system);
  page.row("system", facts.system.distribution.empty()
                         ? facts.system.system
                         : facts.system.distribution + ", " + facts.system.system);
  page.row("libraries", libraries_text());
  add_warnings(page, facts);
  return page.take();
}

}  // namespace stoker::monitor

#include "stoker/monitor/warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "stoker/core/text.h"
#include "stoker/core/units.h"
#include "stoker/monitor/clock_reasons.h"

namespace stoker::monitor {

namespace {

using Warnings = std::vector<Warning>;

void of_driver(const MachineFacts& facts, Warnings& list) {
  if (has_unusable_gpu(facts) && facts.gpus.empty()) {
    list.push_back(
        {"an NVIDIA GPU is plugged in, but its driver does not answer", facts.why_no_driver,
         "run nvidia-smi; after an update of the driver, reboot; in a container, start it "
         "with --gpus all"});
    return;
  }
  if (facts.gpus.empty() || facts.cuda_devices > 0) return;
  if (facts.built_cuda.empty()) {
    list.push_back({"this stoker was built without CUDA", "it trains on the CPU beside a GPU",
                    "build it with STOKER_CUDA=ON (docs/building.md)"});
  } else if (facts.visible_devices) {
    list.push_back({"LibTorch sees no GPU",
                    fmt::format("CUDA_VISIBLE_DEVICES is \"{}\"", *facts.visible_devices),
                    "unset CUDA_VISIBLE_DEVICES"});
  } else {
    list.push_back({"LibTorch sees no GPU",
                    fmt::format("the driver {} takes CUDA {} and LibTorch was built with {}",
                                facts.driver, facts.driver_cuda, facts.built_cuda),
                    "install a newer driver (apt install nvidia-driver)"});
  }
}

void of_kernels(const GpuFacts& gpu, const MachineFacts& facts, Warnings& list) {
  if (!gpu.info.capability || facts.built_cuda.empty()) return;
  const double capability = *gpu.info.capability;
  // CUDA 13 compiles for 7.5 and later (its release notes); so LibTorch has no code for older ones.
  constexpr double kOldestOfCuda13 = 7.5;
  const std::string& cuda = facts.built_cuda;
  int major = 0;
  std::from_chars(cuda.data(), cuda.data() + cuda.size(), major);
  if (major >= 13 && capability < kOldestOfCuda13 - 1e-6) {
    list.push_back(
        {fmt::format("LibTorch with CUDA {} has no kernels for {}", facts.built_cuda,
                     gpu.info.name),
         fmt::format("its compute capability is {:.1f}; CUDA 13 begins at 7.5", capability),
         "build with a LibTorch of CUDA 12 (docs/building.md), or set device=cpu"});
    return;
  }
  if (facts.kernels.empty() || fit_of(facts.kernels, capability) != KernelFit::kNone) return;
  list.push_back({fmt::format("this build has no kernels for {}", gpu.info.name),
                  fmt::format("its compute capability is {:.1f}", capability),
                  fmt::format("build with -DCMAKE_CUDA_ARCHITECTURES={:.0f} (docs/building.md)",
                              10 * capability)});
}

void of_gpu(const GpuFacts& gpu, const MachineFacts& facts, Warnings& list) {
  const std::string& name = gpu.info.name;
  if (gpu.reading.is_lost) {
    list.push_back({name + " is lost", "it has fallen off the bus, or needs a reset",
                    "reboot; if it comes again, see to its power and its slot (dmesg | grep Xid)"});
    return;
  }
  of_kernels(gpu, facts, list);
  if (gpu.reading.ecc_uncorrected.value_or(0) > 0) {
    list.push_back({fmt::format("{} has had {} memory errors that were not corrected", name,
                                *gpu.reading.ecc_uncorrected),
                    "results of such a card cannot be trusted",
                    "reset it (nvidia-smi --gpu-reset); replace it if they come again"});
  }
  const auto width = gpu.reading.pcie_width, most = gpu.info.max_pcie_width;
  if (width && most && *width < *most) {
    list.push_back({fmt::format("{} uses {} of {} PCIe lanes", name, *width, *most),
                    "images reach it slower than they could",
                    "put it into a slot with all lanes, and seat it again"});
  }
  const int64_t others = gpu.reading.memory_used_bytes.value_or(0);
  if (gpu.reading.processes.value_or(0) > 0 && others > kGib / 2) {
    list.push_back(
        {fmt::format("{} is in use by {} other {}", name, *gpu.reading.processes,
                     *gpu.reading.processes == 1 ? "process" : "processes"),
         fmt::format("{} of its memory are taken", human_bytes(static_cast<uint64_t>(others))),
         "see nvidia-smi for who it is, or take another with device=cuda:<index>"});
  }
  constexpr double kNear_c = 5;
  if (gpu.reading.temperature_c && gpu.info.slowdown_c &&
      *gpu.reading.temperature_c > *gpu.info.slowdown_c - kNear_c) {
    list.push_back({fmt::format("{} is at {:.0f} C, and slows down at {:.0f} C", name,
                                *gpu.reading.temperature_c, *gpu.info.slowdown_c),
                    "heat will hold its clock down",
                    "see to its fans and the air that reaches it"});
  }
  if (gpu.persists == false) {
    list.push_back({name + " forgets its driver when nobody uses it",
                    "each start takes seconds more", "sudo nvidia-smi -pm 1"});
  }
}

void of_cpu(const CpuFacts& cpu, const MachineFacts& facts, Warnings& list) {
  constexpr double kOftenHeld = 0.1;
  if (cpu.held.value_or(0) > kOftenHeld) {
    list.push_back(
        {fmt::format("the quota of {:.3g} processors was used up in {:.0f}% of its periods",
                     cpu.quota.value_or(cpu.usable), 100 * *cpu.held),
         "all threads stand still for the rest of such a period",
         "raise the container's CPU limit (docker --cpus, resources.limits.cpu)"});
  }
  if (!cpu.avx2) {
    list.push_back({"this processor has no AVX2", "decoding and training are several times slower",
                    "use a newer machine"});
  }
  if (cpu.amx_bf16 && facts.isa_limit) {
    list.push_back({fmt::format("ONEDNN_MAX_CPU_ISA is {}", *facts.isa_limit),
                    "it may bar oneDNN from this processor's AMX", "unset ONEDNN_MAX_CPU_ISA"});
  }
  if (cpu.governor == "powersave") {
    list.push_back({"the processors' clock is governed for saving power",
                    "loading images is slower", "sudo cpupower frequency-set -g performance"});
  }
  if (cpu.clock_source == "hpet" || cpu.clock_source == "acpi_pm") {
    list.push_back(
        {fmt::format("the system's clock is {}", cpu.clock_source),
         "each look at it is a thousand times slower than with tsc",
         "boot with clocksource=tsc, or see dmesg | grep -i tsc for why it was dropped"});
  }
  if (cpu.energy.find("root") != std::string::npos) {
    list.push_back({"the processors' energy is not readable", cpu.energy,
                    "sudo chmod o+r /sys/class/powercap/intel-rapl:*/energy_uj"});
  }
}

void of_system(const MachineFacts& facts, Warnings& list) {
  const SystemFacts& system = facts.system;
  const MemoryFacts& memory = system.memory;
  const int64_t free = memory.usable_bytes();
  if (memory.total_bytes > 0 && free < 2 * kGib) {
    list.push_back({fmt::format("{} of memory are free", human_bytes(static_cast<uint64_t>(free))),
                    "training may run out of it", "end what else runs, or set memory.limit_gib"});
  }
  if (memory.shared_bytes && *memory.shared_bytes < 512 * kMib) {
    list.push_back(
        {fmt::format("/dev/shm has {}", human_bytes(static_cast<uint64_t>(*memory.shared_bytes))),
         "ranks share decoded images and exchange gradients through it",
         "docker run --shm-size=8g, or mount -o remount,size=8G /dev/shm"});
  }
  constexpr int64_t kFiles = 4096;
  if (system.open_files < kFiles) {
    list.push_back(
        {fmt::format("{} files may be open at once", system.open_files),
         "shards of a large data set are open all at the same time",
         system.most_open_files > system.open_files
             ? fmt::format("ulimit -n {}", std::min<int64_t>(system.most_open_files, 65536))
             : "raise nofile in /etc/security/limits.conf"});
  }
}

void of_disk(const DiskFacts& disk, Warnings& list) {
  if (disk.is_barred) {
    list.push_back({"nothing can be written where runs would go", disk.why_not,
                    "set run.dir to a folder of yours, or make room"});
  } else if (disk.free_bytes < 2 * kGib) {
    list.push_back(
        {fmt::format("{} are free on the disk of {}",
                     human_bytes(static_cast<uint64_t>(std::max<int64_t>(disk.free_bytes, 0))),
                     disk.folder.string()),
         "checkpoints will not fit", "make room, or set run.dir"});
  }
  constexpr double kSlow_mib_s = 50;
  if (disk.read_mib_s && *disk.read_mib_s < kSlow_mib_s) {
    list.push_back(
        {fmt::format("the disk of {} reads {:.0f} MiB/s", disk.folder.string(), *disk.read_mib_s),
         "that is about 500 photographs a second at most",
         "put data on a local disk, pack it (stoker data pack), or set data.cache=memory"});
  }
}

}  // namespace

bool has_unusable_gpu(const MachineFacts& facts) {
  const bool has_card = facts.system.has_nvidia_device || !facts.gpus.empty();
  if (!has_card || (facts.visible_devices && facts.visible_devices->empty())) return false;
  const bool has_lost =
      std::ranges::any_of(facts.gpus, [](const GpuFacts& gpu) { return gpu.reading.is_lost; });
  return has_lost || facts.gpus.empty() || (facts.cuda_devices == 0 && !facts.built_cuda.empty());
}

bool is_training_barred(const MachineFacts& facts) {
  return has_unusable_gpu(facts) || facts.system.disk.is_barred;
}

std::vector<Warning> warnings_of(const MachineFacts& facts) {
  Warnings list;
  of_driver(facts, list);
  for (const GpuFacts& gpu : facts.gpus) of_gpu(gpu, facts, list);
  of_cpu(facts.system.cpu, facts, list);
  of_system(facts, list);
  of_disk(facts.system.disk, list);
  return list;
}

}  // namespace stoker::monitor

#include "stoker/monitor/system_facts.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>
#include <vector>

#include "stoker/core/cpu.h"
#include "stoker/monitor/cpu_reader.h"
#include "stoker/monitor/rapl.h"
#include "stoker/monitor/system_file.h"

namespace stoker::monitor {

namespace fs = std::filesystem;

namespace {

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// What stands behind "key: " or "key\t: " in a file of such lines; "" where the key is not there.
std::string value_of(const fs::path& path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t begin = line.find_first_not_of(" \t:=", key.size());
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

bool has_word(const std::string& words, std::string_view word) {
  std::istringstream stream(words);
  for (std::string each; stream >> each;) {
    if (each == word) return true;
  }
  return false;
}

std::optional<double> held_share(const fs::path& root) {
  const CpuReading reading = CpuReader({.root = root, .reads_energy = false}).read();
  if (!reading.periods || *reading.periods == 0) return std::nullopt;
  return static_cast<double>(*reading.held_periods) / static_cast<double>(*reading.periods);
}

CpuFacts cpu_facts(const fs::path& root) {
  CpuFacts cpu{.name = processor_name(root),
               // Not hardware_concurrency(), which heeds affinity.
               .processors = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)),
               .usable = usable_cpus(),
               .quota = cgroup_cpu_quota(root),
               .held = held_share(root)};
  const std::string flags = value_of(root / "proc/cpuinfo", "flags");
  cpu.avx2 = has_word(flags, "avx2");
  cpu.avx512 = has_word(flags, "avx512f") && has_word(flags, "avx512bw");
  cpu.avx512_bf16 = has_word(flags, "avx512_bf16");
  cpu.amx_bf16 = has_word(flags, "amx_bf16");
  cpu.amx_int8 = has_word(flags, "amx_int8");
  cpu.governor = first_line(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  cpu.clock_source =
      first_line(root / "sys/devices/system/clocksource/clocksource0/current_clocksource");
  cpu.energy = RaplMeter(root).why_not();
  return cpu;
}

// The folders of the memory cgroups (v1 and v2) that this process is in, up to the mount.
std::vector<fs::path> memory_cgroups(const fs::path& root) {
  const fs::path mounts = root / "sys/fs/cgroup";
  std::vector<fs::path> folders;
  const auto add = [&](fs::path folder, const fs::path& group) {
    folders.push_back(folder);
    for (const fs::path& part : group.lexically_normal().relative_path()) {
      if (part == ".." || part.empty()) continue;
      folders.push_back(folder /= part);
    }
  };
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // hierarchy:controllers:path
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty()) add(mounts, line.substr(second + 1));
    if (controllers == "memory") add(mounts / "memory", line.substr(second + 1));
  }
  if (folders.empty()) folders = {mounts, mounts / "memory"};
  return folders;
}

// The tightest limit, and what its group holds of it.
void note_limit(const fs::path& root, MemoryFacts& memory) {
  for (const fs::path& folder : memory_cgroups(root)) {
    auto limit = number_at(first_line(folder / "memory.max"), 0);
    if (!limit) limit = number_at(first_line(folder / "memory.limit_in_bytes"), 0);
    // Version 1 writes a huge number where there is no limit.
    if (!limit || *limit >= memory.total_bytes) continue;
    if (memory.limit_bytes && *memory.limit_bytes <= *limit) continue;
    memory.limit_bytes = limit;
    auto held = number_at(first_line(folder / "memory.current"), 0);
    if (!held) held = number_at(first_line(folder / "memory.usage_in_bytes"), 0);
    auto cached = number_at(value_of(folder / "memory.stat", "total_inactive_file"), 0);
    if (!cached) cached = number_at(value_of(folder / "memory.stat", "inactive_file"), 0);
    memory.held_bytes =
        held ? std::optional(std::max<int64_t>(*held - cached.value_or(0), 0)) : std::nullopt;
  }
}

MemoryFacts memory_facts(const fs::path& root) {
  constexpr int64_t kKib = 1024;
  MemoryFacts memory;
  const auto kib = [&](std::string_view key) {
    return number_at(value_of(root / "proc/meminfo", key), 0).value_or(0);
  };
  memory.total_bytes = kKib * kib("MemTotal");
  memory.free_bytes = kKib * kib("MemAvailable");
  note_limit(root, memory);
  struct statvfs shared {};
  if (::statvfs((root / "dev/shm").c_str(), &shared) == 0) {
    const auto block = static_cast<int64_t>(shared.f_frsize);
    memory.shared_bytes = block * static_cast<int64_t>(shared.f_blocks);
    memory.shared_free_bytes = block * static_cast<int64_t>(shared.f_bavail);
  }
  return memory;
}

std::string unquoted(std::string text) {
  std::erase(text, '"');
  return text;
}

}  // namespace

int64_t MemoryFacts::usable_bytes() const {
  if (!limit_bytes) return free_bytes;
  return std::min(free_bytes, std::max<int64_t>(*limit_bytes - held_bytes.value_or(0), 0));
}

std::string processor_name(const fs::path& root) {
  const std::string name = value_of(root / "proc/cpuinfo", "model name");
  return name.empty() ? "unknown" : name;
}

SystemFacts read_system_facts(const SystemFactsOptions& options) {
  const fs::path& root = options.root;
  SystemFacts facts;
  utsname system{};
  uname(&system);
  facts.system = fmt::format("{} {} {}", system.sysname, system.release, system.machine);
  facts.distribution = unquoted(value_of(root / "etc/os-release", "PRETTY_NAME"));
  facts.cpu = cpu_facts(root);
  facts.memory = memory_facts(root);
  facts.disk = measure_disk(options.folder, options.disk_mib);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    const auto shown = [](rlim_t value) {
      return value == RLIM_INFINITY ? std::numeric_limits<int64_t>::max()
                                    : static_cast<int64_t>(value);
    };
    facts.open_files = shown(limit.rlim_cur);
    facts.most_open_files = shown(limit.rlim_max);
  }
  std::error_code none;
  facts.has_nvidia_device = fs::exists(root / "proc/driver/nvidia/version", none) ||
                            fs::exists(root / "dev/nvidia0", none);
  return facts;
}

}  // namespace stoker::monitor

// What this machine is, as far as training is concerned: processors, memory, disk, limits.
//
//   const SystemFacts facts = read_system_facts({.folder = "."});
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace stoker::monitor {

struct CpuFacts {
  std::string name;
  int processors = 0;           // of the machine, hardware threads
  int usable = 0;               // by affinity and quota
  std::optional<double> quota;  // of the container, in processors
  // Of its quota's periods since the container began, those in which it was used up.
  std::optional<double> held;
  bool avx2 = false, avx512 = false, avx512_bf16 = false, amx_bf16 = false, amx_int8 = false;
  std::string governor;      // of its clock: "performance", "powersave"; "" where none is shown
  std::string clock_source;  // "tsc", "kvm-clock", "hpet"
  std::string energy;        // "" where its joules can be read, or why not
};

struct MemoryFacts {
  int64_t total_bytes = 0, free_bytes = 0;
  std::optional<int64_t> limit_bytes;   // of the container
  std::optional<int64_t> held_bytes;    // by the container, besides what the page cache can give up
  std::optional<int64_t> shared_bytes;  // of /dev/shm, which ranks and loaders share
  std::optional<int64_t> shared_free_bytes;
  // What a process can still get, by the system and by the container's limit.
  int64_t usable_bytes() const;
};

struct DiskFacts {
  std::filesystem::path folder;
  int64_t free_bytes = 0;
  // Of a file of some MiB: written and synced; read past the page cache.
  std::optional<double> write_mib_s, read_mib_s;
  std::string why_not;     // where either was not measured
  bool is_barred = false;  // no file can be made there
};

struct SystemFacts {
  std::string system;        // "Linux 6.1.0 x86_64"
  std::string distribution;  // "Debian GNU/Linux 12 (bookworm)"
  CpuFacts cpu;
  MemoryFacts memory;
  DiskFacts disk;
  int64_t open_files = 0, most_open_files = 0;  // soft and hard limit
  bool has_nvidia_device = false;               // a card is plugged in, whatever its driver does
};

struct SystemFactsOptions {
  std::filesystem::path folder = ".";  // whose disk is measured
  std::filesystem::path root = "/";    // stands for / in tests
  int64_t disk_mib = 64;               // 0: the disk is not measured
};
SystemFacts read_system_facts(const SystemFactsOptions& options);

// "AMD EPYC 7B13"; "unknown" where /proc/cpuinfo does not say.
std::string processor_name(const std::filesystem::path& root = "/");

// Writes and reads a file of `mib` in the folder, for two seconds at most, and removes it. Of a
// folder that is not there yet, the disk that it would be made on.
DiskFacts measure_disk(const std::filesystem::path& folder, int64_t mib);

}  // namespace stoker::monitor

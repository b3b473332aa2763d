// Reads what this process does with the machine's processors, memory and disks.
//
//   CpuReader reader({});
//   const CpuReading reading = reader.read();
//
// No allocation in read(). For one thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "stoker/monitor/rapl.h"
#include "stoker/monitor/reading.h"
#include "stoker/monitor/system_file.h"

namespace stoker::monitor {

struct CpuReaderOptions {
  std::filesystem::path root = "/";  // stands for / in tests
  bool reads_energy = true;          // of several processes of a machine one does
};

class CpuReader {
 public:
  explicit CpuReader(const CpuReaderOptions& options);
  CpuReading read();
  const std::string& why_no_energy() const { return why_no_energy_; }

 private:
  void read_quota(CpuReading& reading);

  SystemFile memory_, wait_, disk_, system_;
  std::vector<SystemFile> quotas_;
  std::optional<RaplMeter> energy_;
  std::string why_no_energy_;
  double tick_s_, page_bytes_;
};

// The folders of the cgroups (v1 and v2) that this process is in and that hold a quota on
// processors or count for one, up to the mount.
std::vector<std::filesystem::path> cpu_cgroups(const std::filesystem::path& root = "/");

}  // namespace stoker::monitor

// Reads all that `stoker doctor` says of a machine.
//
//   MachineFacts facts = read_machine({.folder = "runs"});
//   facts.cuda_devices = …;              // LibTorch is the caller's to ask
//   for (const Warning& warning : warnings_of(facts)) …
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "stoker/monitor/warnings.h"

namespace stoker::monitor {

struct MachineOptions {
  std::filesystem::path folder = ".";  // whose disk is measured
  std::filesystem::path root = "/";    // stands for / in tests
  int64_t disk_mib = 64;               // 0: the disk is not measured
  std::string nvml_library;            // as open_nvml()
  double patience_s = 10;              // that the driver has for all its answers
};
// Takes up to three seconds, nearly all of them for the disk. A driver that does not answer in time
// is left to itself.
MachineFacts read_machine(const MachineOptions& options);

// Whether a GPU may be here whose driver answers, so that LibTorch is worth asking.
bool may_have_gpu(const MachineFacts& facts);

}  // namespace stoker::monitor

// What of a machine will hold training up, why, and the command that mends it: from facts alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stoker/monitor/capability.h"
#include "stoker/monitor/reading.h"
#include "stoker/monitor/system_facts.h"

namespace stoker::monitor {

struct Warning {
  std::string what, why, fix;
};

// A GPU as the driver shows it, and as LibTorch does.
struct GpuFacts {
  GpuInfo info;
  GpuReading reading;
  std::optional<bool> persists;         // the driver stays loaded while nobody uses the card
  bool is_divided = false;              // into MIG slices, which CUDA takes one of
  std::optional<int64_t> nvlinks = {};  // that are up
};

// How two GPUs reach each other, by their numbers in the driver's order.
struct GpuPath {
  int64_t first = 0, second = 0;
  std::string words;                   // over PCIe: "within one NUMA node"
  std::optional<bool> by_nvlink = {};  // whether NVLink joins them, a switch of it included
};

struct MachineFacts {
  SystemFacts system;
  std::vector<GpuFacts> gpus;                  // by the driver
  std::vector<GpuPath> paths;                  // between each two
  std::string why_no_driver;                   // where it cannot be asked
  bool is_driver_silent = false;               // it was asked, and has not answered
  std::string driver, driver_cuda;             // versions; "" where unknown
  std::string built_cuda;                      // what LibTorch was built with; "" for none
  int64_t cuda_devices = 0;                    // that LibTorch sees
  Kernels kernels;                             // that this build has
  std::optional<std::string> visible_devices;  // CUDA_VISIBLE_DEVICES
  std::optional<std::string> isa_limit;        // ONEDNN_MAX_CPU_ISA
};

// The most serious first.
std::vector<Warning> warnings_of(const MachineFacts& facts);

// Whether a GPU is there that cannot be used.
bool has_unusable_gpu(const MachineFacts& facts);

// Whether something bars training: such a GPU, or a disk that takes no file.
bool is_training_barred(const MachineFacts& facts);

}  // namespace stoker::monitor

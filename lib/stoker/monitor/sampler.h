// A thread that reads the GPU and the processors some times a second, while the run goes on.
//
//   Sampler sampler({.every_s = 0.25, .gpu = machine::device_identity(device)});
//   …
//   const Sampling since = sampler.take();   // at a log line
//
// It never ends a run: what cannot be read is not there, and why is in status(). All calls into the
// driver are the thread's; where one of them hangs, take() returns what there is, and the
// destructor leaves the thread to itself after a second.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "stoker/monitor/energy.h"
#include "stoker/monitor/reading.h"
#include "stoker/monitor/window.h"

namespace stoker::monitor {

struct SamplerOptions {
  double every_s = 0.25;             // above 0
  std::string gpu;                   // as Nvml::find() takes it; "" for none
  std::filesystem::path root = "/";  // stands for / in tests
  std::string nvml_library;          // as open_nvml()
  bool counts_cpu_energy = true;     // of several processes of a machine one does
  std::optional<double> cpu_tdp_w;   // as EnergyMeterOptions
};

struct Sampling {
  Window window;
  EnergyTotals energy;
};

struct SamplerStatus {
  std::optional<GpuInfo> gpu;  // once it has been opened
  std::string why_no_gpu;      // where it cannot be read: no driver, no such device
  std::string why_no_cpu_energy;
  bool is_ready = false;  // the first reading has been taken
};

class Sampler {
 public:
  explicit Sampler(SamplerOptions options);
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  // Since the last call. Waits for no reading.
  Sampling take();
  // The energy alone since the last call of either; the window stays.
  EnergyTotals take_energy();
  SamplerStatus status() const;
  // What this process holds of the GPU's memory, by which it is told from other processes.
  void note_own_memory(int64_t bytes);

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace stoker::monitor

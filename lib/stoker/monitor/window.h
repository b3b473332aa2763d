// What a GPU and a process did over an interval: means of readings, and what counters grew by.
//
//   WindowMaker maker;
//   maker.add(now_s, gpu, cpu);          // at each sample
//   const Window window = maker.take();  // since the last take()
//   for (const Figure& figure : figures()) show(figure.name, figure.unit, window.*figure.value);
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "stoker/monitor/reading.h"

namespace stoker::monitor {

struct Window {
  int64_t samples = 0;
  bool is_lost = false;             // the GPU is no longer there
  bool is_of_module = false;        // the power, with the processor that shares the module
  uint64_t reasons = 0;             // why clocks were not higher, all that were seen
  std::optional<int64_t> last_xid;  // number of the driver's newest error

  using Value = std::optional<double>;
  Value gpu_util, gpu_sm_busy, gpu_occupancy, gpu_tensor, gpu_dram;
  Value gpu_memory_busy;
  Value gpu_memory_gib, gpu_others_gib;
  Value gpu_power_w, gpu_power_limit_w, gpu_temp_c, gpu_sm_mhz, gpu_memory_mhz;
  Value gpu_held_power, gpu_held_heat, gpu_held_brake, gpu_held_sync, gpu_held_other;
  Value gpu_pcie_gib_s, gpu_pcie_busy, gpu_nvlink_gib_s, gpu_pcie_generation, gpu_pcie_width;
  Value gpu_ecc_corrected, gpu_ecc_uncorrected, gpu_xid_errors;
  Value cpu_used, cpu_others, cpu_wait, cpu_held;
  Value rss_gib, disk_mib_s;
};

struct Figure {
  std::string_view name;  // of metrics.jsonl
  std::string_view unit;  // "W", "GiB/s"; "1" for shares of 1 and counts
  std::string_view help;
  Window::Value Window::*value;
};
// In the order in which they are shown.
std::span<const Figure> figures();

// What several ranks measured, as one: sums of power, memory, traffic, processors and errors, the
// most of temperature, of others' memory and of a link's use, which one device suffers from alone,
// else means.
Window combined(std::span<const Window> ranks);

// As a JSON object of the figures that are there, and back; an object of another version loses what
// it does not share. from_json throws nothing.
std::string window_json(const Window& window);
Window window_from_json(std::string_view json);

class WindowMaker {
 public:
  void add(double time_s, const std::optional<GpuReading>& gpu, const CpuReading& cpu);
  // Where no reading came since the last call, what stands in the newest, which is all that a short
  // interval has.
  Window take();

 private:
  struct Moment {
    double time_s = 0;
    GpuReading gpu;
    CpuReading cpu;
  };
  struct Mean {
    double sum = 0;
    int64_t count = 0;
    void add(std::optional<double> value);
    std::optional<double> value() const;
  };
  struct Means {
    Mean util, sm_busy, occupancy, tensor, dram, memory, others, power, temperature, sm_mhz,
        memory_mhz, resident, held_power, held_heat, held_brake, held_sync, held_other, memory_busy;
    int64_t samples = 0;
    uint64_t reasons = 0;
  };
  // Bytes since the last take(), added up from reading to reading.
  struct Traffic {
    std::optional<double> pcie_sent, pcie_received, nvlink_sent, nvlink_received;
  };
  void add_to_means(const GpuReading& gpu, const CpuReading& cpu);
  void add_traffic(const Moment& now);
  void add_counters(Window& window) const;

  Means means_;
  Traffic traffic_;
  std::optional<Moment> begin_, last_;
};

}  // namespace stoker::monitor

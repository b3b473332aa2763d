// What can be measured of a GPU and of this process at one moment. What a card, a driver or a
// system does not offer is not there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace stoker::monitor {

// What a GPU is.
struct GpuInfo {
  std::string name;  // "NVIDIA H200"
  std::string uuid;
  std::string driver;
  std::optional<int64_t> memory_bytes;
  std::optional<int64_t> cores;  // of the whole card
  std::optional<double> capability;
  std::optional<double> slowdown_c;  // where it begins to halve its clocks
  std::optional<double> power_limit_w;
  std::optional<double> max_sm_mhz, max_memory_mhz;
  std::optional<int64_t> max_pcie_generation, max_pcie_width;
  std::optional<int64_t> fans;  // 0: cooled by the air of its case
  bool has_gpm = false;         // counters of its parts, Hopper and later
  bool is_mig = false;
  // Of the whole card's multiprocessors, of a MIG slice: what power is shared out by.
  double share = 1;
};

// Cumulative counters count from any beginning; two readings give what came between.
struct GpuReading {
  bool is_lost = false;  // fallen off the bus, or in need of a reset: nothing below is there

  std::optional<double> any_kernel;   // share of the time in which some kernel ran
  std::optional<double> memory_busy;  // share of the time in which memory was read or written
  // Since the reading before, as shares of the card's most.
  std::optional<double> sm_busy, occupancy, tensor, dram;

  std::optional<int64_t> memory_used_bytes, memory_total_bytes;  // by all
  std::optional<int64_t> memory_others_bytes;                    // by other processes
  std::optional<int64_t> processes;

  std::optional<double> power_w;    // of the whole card, also where this is a slice of it
  bool power_is_of_module = false;  // with the processor that shares the module (Grace Hopper)
  std::optional<double> power_limit_w;
  std::optional<double> energy_j;  // cumulative; renewed by the card about ten times a second
  std::optional<double> temperature_c;
  std::optional<double> sm_mhz, memory_mhz;
  std::optional<uint64_t> reasons;  // why clocks are not higher (clock_reasons.h)

  // Seconds that clocks were held down, cumulative.
  std::optional<double> held_by_power_s, held_by_heat_s, held_by_brake_s, held_by_sync_s;

  std::optional<int64_t> pcie_generation, pcie_width;
  std::optional<int64_t> pcie_sent_bytes, pcie_received_bytes;      // cumulative, wrap at 32 bits
  std::optional<double> pcie_sent_mib_s, pcie_received_mib_s;       // since the reading before
  std::optional<int64_t> nvlink_sent_bytes, nvlink_received_bytes;  // cumulative
  std::optional<int64_t> ecc_corrected, ecc_uncorrected;            // since the driver was loaded
  int64_t xid_errors = 0;                                           // seen by this reader
  std::optional<int64_t> last_xid;
};

struct CpuReading {
  double process_s = 0;          // of processor time that this process has used, cumulative
  std::optional<double> wait_s;  // that its first thread waited for a processor, cumulative
  // Periods of its cgroups' quotas, a tenth of a second as a rule, and those of them in which the
  // quota was used up before the end, cumulative.
  std::optional<int64_t> periods, held_periods;
  std::optional<double> system_s;  // of processor time that all processes have used, cumulative
  std::optional<int64_t> resident_bytes;
  std::optional<int64_t> disk_read_bytes;  // from storage, not from the page cache, cumulative
  std::optional<double> energy_j;          // of the processors of this machine, cumulative
};

}  // namespace stoker::monitor

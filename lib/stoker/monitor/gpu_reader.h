// Reads one GPU, or one MIG slice, through NVML.
//
//   GpuReader reader(nvml, nvml->find(identity));
//   const GpuReading reading = reader.read(/*own_bytes=*/0);
//
// A call that the card or the driver does not offer is not tried again. After a GPU is lost nothing
// is asked of it. No allocation after the first few readings. For one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "stoker/monitor/nvml.h"
#include "stoker/monitor/reading.h"

namespace stoker::monitor {

class GpuReader {
 public:
  GpuReader(std::shared_ptr<const Nvml> nvml, NvmlDevice device);
  ~GpuReader();
  GpuReader(const GpuReader&) = delete;
  GpuReader& operator=(const GpuReader&) = delete;

  const GpuInfo& info() const { return info_; }

  // own_bytes: what this process is known to hold of its memory, by which it is told from others
  // where process numbers are those of another name space, as in containers.
  GpuReading read(int64_t own_bytes);

 private:
  enum Call : uint8_t {
    kUtilization,
    kMemory,
    kPower,
    kLimit,
    kEnergy,
    kTemperature,
    kSmClock,
    kMemoryClock,
    kReasons,
    kGeneration,
    kWidth,
    kCorrected,
    kUncorrected,
    kProcesses,
    kFields,
    kGpm,
    kEvents,
    kCalls
  };
  static constexpr size_t kFieldCount = 11;

  template <class Function, class... Arguments>
  bool call(Call which, Function* function, Arguments... arguments);
  bool note(Call which, NvmlReturn result);
  void describe();
  void describe_slice();
  std::optional<double> slowdown_temperature() const;
  void prepare_gpm();
  void watch_errors();
  void read_often(GpuReading& reading);
  void read_seldom(GpuReading& reading, int64_t own_bytes);
  void read_processes(GpuReading& reading, int64_t own_bytes);
  void read_fields(GpuReading& reading);
  void read_gpm(GpuReading& reading);
  void read_errors(GpuReading& reading);
  std::optional<double> field(size_t index) const;

  std::shared_ptr<const Nvml> nvml_;
  const NvmlApi& api_;
  NvmlDevice device_;  // as it was given
  NvmlDevice card_;    // the whole card of a slice, else the same
  std::optional<unsigned> gpu_instance_;
  GpuInfo info_;
  bool is_lost_ = false;
  std::array<bool, kCalls> is_barred_{};  // not offered
  std::array<NvmlFieldValue, kFieldCount> fields_{};
  std::array<NvmlGpmSample, 2> samples_{};
  bool has_sample_ = false;
  NvmlEventSet events_ = nullptr;
  int64_t readings_ = 0;
  GpuReading seldom_;  // what is asked for every other second
  int64_t xid_errors_ = 0;
  std::optional<int64_t> last_xid_;
};

}  // namespace stoker::monitor

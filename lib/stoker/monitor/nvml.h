// NVIDIA's management library, opened where it is there.
//
//   const NvmlOpening opening = open_nvml();
//   if (opening.nvml == nullptr) report(opening.why_not);
//   for (const NvmlDevice device : opening.nvml->devices()) …
//
// Any call may block for as long as the driver does: whoever must go on calls from a thread of its
// own (sampler.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/monitor/nvml_api.h"

namespace stoker::monitor {

class Nvml {
 public:
  // Of a library that has been opened and initialised.
  Nvml(void* library, const NvmlApi& api) : library_(library), api_(api) {}
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  const NvmlApi& api() const { return api_; }
  std::string driver_version() const;  // "" where it does not say
  // The newest CUDA that the driver takes, "12.4"; "" where it does not say.
  std::string cuda_version() const;

  // In the order of PCI addresses, which is not CUDA's.
  std::vector<NvmlDevice> devices() const;
  // identity: machine::device_identity()'s 32 hexadecimal digits, which CUDA has of a whole GPU or
  // of a MIG slice; or a UUID as nvidia-smi writes it. Null where there is none.
  NvmlDevice find(std::string_view identity) const;

  // What an error means, in the library's words.
  std::string words(NvmlReturn result) const;

 private:
  void* library_;
  NvmlApi api_;
};

struct NvmlOpening {
  std::shared_ptr<const Nvml> nvml;  // null where it cannot be had
  std::string why_not;               // then: "no NVIDIA driver is installed: …"
};

// library: another file than the driver's libnvidia-ml.so.1, for tests; empty: what the environment
// variable STOKER_NVML_LIBRARY names, or the driver's. Never throws.
NvmlOpening open_nvml(const std::string& library = {});

// A value that a call left, or nothing where the call is not there or failed.
//
//   ask<unsigned>(api.device_get_power_usage, device)
template <class T, class Call, class... Arguments>
std::optional<T> ask(Call* call, Arguments... arguments) {
  T value{};
  if (call == nullptr || call(arguments..., &value) != NvmlReturn::kSuccess) return std::nullopt;
  return value;
}

}  // namespace stoker::monitor

#include "stoker/machine/arithmetic.h"

#if STOKER_HAS_CUDA
#include <ATen/cuda/CUDAContext.h>
#endif
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace stoker::machine {

namespace {

bool cpu_has_amx_bf16() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("flags")) return (line + " ").find(" amx_bf16 ") != std::string::npos;
  }
  return false;
}

// oneDNN's switch for playing an older processor; its names of those with AMX contain AMX.
bool onednn_may_use_amx() {
  const char* value = std::getenv("ONEDNN_MAX_CPU_ISA");
  if (value == nullptr) return true;
  std::string isa(value);
  std::ranges::transform(isa, isa.begin(), [](unsigned char c) { return std::toupper(c); });
  return isa.empty() || isa == "ALL" || isa == "DEFAULT" || isa.find("AMX") != std::string::npos;
}

Arithmetic of_cpu() {
  if (!cpu_has_amx_bf16()) {
    return {.reason = "this CPU has no AMX, without which bf16 is slower than fp32"};
  }
  if (!onednn_may_use_amx()) {
    return {.reason = "ONEDNN_MAX_CPU_ISA bars AMX, without which bf16 is slower than fp32"};
  }
  return {.bf16 = true, .reason = "this CPU has AMX"};
}

#if STOKER_HAS_CUDA
Arithmetic of_gpu(c10::Device device) {
  const cudaDeviceProp& gpu = *at::cuda::getDeviceProperties(device.index());
  const std::string capability = fmt::format("compute capability {}.{}", gpu.major, gpu.minor);
  if (gpu.major >= 8) {
    return {.bf16 = true, .fp16 = true, .reason = capability + " has tensor cores for bf16"};
  }
  if (gpu.major >= 7) {
    return {.fp16 = true, .reason = capability + " has tensor cores for fp16 alone"};
  }
  return {.reason = capability + " has no tensor cores"};
}
#endif

}  // namespace

Arithmetic fast_arithmetic(c10::Device device) {
#if STOKER_HAS_CUDA
  if (device.is_cuda()) return of_gpu(device);
#endif
  return device.is_cpu() ? of_cpu() : Arithmetic{.reason = "nothing is known of this device"};
}

}  // namespace stoker::machine

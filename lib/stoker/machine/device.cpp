#include "stoker/machine/device.h"

#include <ATen/Parallel.h>
#if STOKER_HAS_CUDA
#include <ATen/cuda/CUDAContext.h>
#endif
#include <torch/cuda.h>

#include <charconv>

#include "stoker/core/cpu.h"
#include "stoker/core/error.h"
#include "stoker/ops/cpu_memory.h"

namespace stoker::machine {

namespace {

constexpr std::string_view kCuda = "cuda";

// The index in "cuda" (0) or "cuda:<index>"; nothing for other words.
std::optional<int> cuda_index(std::string_view name) {
  if (!name.starts_with(kCuda)) return std::nullopt;
  name.remove_prefix(kCuda.size());
  if (name.empty()) return 0;
  int index = -1;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), index);
  const bool whole = end == name.data() + name.size();
  if (name[0] != ':' || error != std::errc{} || !whole || index < 0) return std::nullopt;
  return index;
}

}  // namespace

void check_device_name(std::string_view name) {
  if (name == "cpu" || name == "auto" || cuda_index(name)) return;
  throw ConfigError(
      fmt::format("device: read \"{}\", expected auto, cpu, cuda or cuda:<index>", name));
}

int64_t cuda_device_count() { return static_cast<unsigned char>(torch::cuda::device_count()); }

c10::Device pick_device(std::string_view name, int64_t local_rank) {
  check_device_name(name);
  if (name == "cpu") return c10::kCPU;
  const auto count = static_cast<int>(cuda_device_count());
  if (name == "auto" && count == 0) return c10::kCPU;
  const int own = count > 0 ? static_cast<int>(local_rank % count) : 0;
  const int index = name == "auto" || name == kCuda ? own : *cuda_index(name);
  if (!STOKER_HAS_CUDA) {
    throw DeviceError(fmt::format(
        "device: {} was asked for, but this stoker was built without CUDA (STOKER_CUDA=OFF)",
        name));
  }
  if (index >= count) {
    throw DeviceError(fmt::format(
        "device: {} was asked for, but {} CUDA devices are visible. Check nvidia-smi and "
        "CUDA_VISIBLE_DEVICES, or train with device=cpu",
        name, count));
  }
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

std::string device_identity([[maybe_unused]] c10::Device device) {
#if STOKER_HAS_CUDA
  if (device.is_cuda()) {
    const cudaUUID_t& uuid = at::cuda::getDeviceProperties(device.index())->uuid;
    std::string text;
    for (const char byte : uuid.bytes) text += fmt::format("{:02x}", static_cast<uint8_t>(byte));
    return text;
  }
#endif
  return "";
}

void prepare_cpu(c10::Device device) {
  at::set_num_threads(usable_cpus());
  if (device.is_cpu()) ops::keep_cpu_memory();
}

}  // namespace stoker::machine

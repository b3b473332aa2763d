#include "stoker/monitor/machine.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "stoker/core/version.h"
#include "stoker/monitor/gpu_reader.h"
#include "stoker/monitor/nvml.h"

namespace stoker::monitor {

namespace {

struct DriverFacts {
  std::vector<GpuFacts> gpus;
  std::vector<GpuPath> paths;
  std::string why_not, driver, cuda;
  bool is_silent = false;
};

std::optional<int64_t> count_nvlinks(const NvmlApi& api, NvmlDevice device) {
  constexpr unsigned kMostLinks = 36;  // NVML_NVLINK_MAX_LINKS
  std::optional<int64_t> count;
  for (unsigned link = 0; link < kMostLinks; ++link) {
    const auto is_up = ask<unsigned>(api.device_get_nvlink_state, device, link);
    if (!is_up) break;
    count = count.value_or(0) + (*is_up != 0 ? 1 : 0);
  }
  return count;
}

GpuFacts read_gpu(const std::shared_ptr<const Nvml>& nvml, NvmlDevice device) {
  const NvmlApi& api = nvml->api();
  GpuReader reader(nvml, device);
  GpuFacts facts{.info = reader.info(), .reading = reader.read(0)};
  if (const auto mode = ask<unsigned>(api.device_get_persistence_mode, device))
    facts.persists = *mode != 0;
  unsigned now = 0, pending = 0;
  facts.is_divided = api.device_get_mig_mode != nullptr &&
                     api.device_get_mig_mode(device, &now, &pending) == NvmlReturn::kSuccess &&
                     now != 0;
  facts.nvlinks = count_nvlinks(api, device);
  return facts;
}

// NVML's levels of the nearest thing that two cards have in common.
std::string_view path_words(unsigned level) {
  if (level == 0) return "on one board";
  if (level <= 10) return "behind one PCIe switch";
  if (level <= 20) return "through several PCIe switches";
  if (level <= 30) return "through one PCIe host bridge";
  return level <= 40 ? "within one NUMA node" : "from one NUMA node to another";
}

std::vector<GpuPath> paths_between(const NvmlApi& api, const std::vector<NvmlDevice>& devices) {
  std::vector<GpuPath> paths;
  for (size_t a = 0; a < devices.size(); ++a) {
    for (size_t b = a + 1; b < devices.size(); ++b) {
      const auto level = ask<unsigned>(api.device_get_topology, devices[a], devices[b]);
      const auto status =
          ask<unsigned>(api.device_get_peer_status, devices[a], devices[b], nvml::kPeerNvlink);
      if (!level && !status) continue;
      GpuPath path{.first = static_cast<int64_t>(a), .second = static_cast<int64_t>(b)};
      if (level) path.words = path_words(*level);
      if (status) path.by_nvlink = *status == nvml::kPeerOk;
      paths.push_back(std::move(path));
    }
  }
  return paths;
}

DriverFacts ask_driver(const std::string& library) {
  const NvmlOpening opening = open_nvml(library);
  if (opening.nvml == nullptr) return {.why_not = opening.why_not};
  DriverFacts facts{.driver = opening.nvml->driver_version(), .cuda = opening.nvml->cuda_version()};
  const std::vector<NvmlDevice> devices = opening.nvml->devices();
  for (const NvmlDevice device : devices) facts.gpus.push_back(read_gpu(opening.nvml, device));
  facts.paths = paths_between(opening.nvml->api(), devices);
  if (devices.empty()) facts.why_not = "the NVIDIA driver shows no GPU";
  return facts;
}

// A call into the driver may never come back.
DriverFacts ask_driver_for(const std::string& library, double patience_s) {
  auto task = std::make_shared<std::packaged_task<DriverFacts()>>(
      [library] { return ask_driver(library); });
  std::future<DriverFacts> answer = task->get_future();
  std::thread([task] { (*task)(); }).detach();
  if (answer.wait_for(std::chrono::duration<double>(patience_s)) == std::future_status::ready)
    return answer.get();
  return {.why_not = fmt::format("the NVIDIA driver has not answered for {:g} s", patience_s),
          .is_silent = true};
}

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace

MachineFacts read_machine(const MachineOptions& options) {
  MachineFacts facts;
  facts.system = read_system_facts(
      {.folder = options.folder, .root = options.root, .disk_mib = options.disk_mib});
  DriverFacts driver = ask_driver_for(options.nvml_library, options.patience_s);
  facts.gpus = std::move(driver.gpus);
  facts.paths = std::move(driver.paths);
  facts.why_no_driver = std::move(driver.why_not);
  facts.is_driver_silent = driver.is_silent;
  facts.driver = std::move(driver.driver);
  facts.driver_cuda = std::move(driver.cuda);
  facts.built_cuda = std::string(build_info().cuda);
  facts.kernels = kernels_of(build_info().cuda_architectures);
  facts.visible_devices = variable("CUDA_VISIBLE_DEVICES");
  if (const auto limit = variable("ONEDNN_MAX_CPU_ISA"); limit && !limit->empty())
    facts.isa_limit = limit;
  return facts;
}

bool may_have_gpu(const MachineFacts& facts) {
  return !facts.is_driver_silent && (!facts.gpus.empty() || facts.system.has_nvidia_device);
}

}  // namespace stoker::monitor

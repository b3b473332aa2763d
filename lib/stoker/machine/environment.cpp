#include "stoker/machine/environment.h"

#if STOKER_HAS_CUDA
#include <ATen/cuda/CUDAContext.h>
#endif
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <spdlog/spdlog.h>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "stoker/core/cpu.h"
#include "stoker/core/file.h"
#include "stoker/core/json_text.h"
#include "stoker/core/log.h"
#include "stoker/core/version.h"
#include "stoker/machine/versions.h"
#include "stoker/monitor/system_facts.h"

namespace stoker::machine {

namespace {

// The words of this process's command line.
std::vector<std::string> command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

double gib(double bytes) { return bytes / (1024.0 * 1024 * 1024); }

// "NVRM version: … 550.54.15 …", the first line that the driver shows of itself; "" without one.
std::string driver_version() {
  std::ifstream file("/proc/driver/nvidia/version");
  std::string line;
  std::getline(file, line);
  return line;
}

nlohmann::ordered_json gpus() {
  auto list = nlohmann::ordered_json::array();
#if STOKER_HAS_CUDA
  for (c10::DeviceIndex i = 0; i < at::cuda::device_count(); ++i) {
    const cudaDeviceProp* gpu = at::cuda::getDeviceProperties(i);
    list.push_back({{"name", gpu->name},
                    {"memory_gib", gib(static_cast<double>(gpu->totalGlobalMem))},
                    {"compute_capability", fmt::format("{}.{}", gpu->major, gpu->minor)},
                    {"multiprocessors", gpu->multiProcessorCount}});
  }
#endif
  return list;
}

// What stands in the file, with its own list of earlier ones taken out and put before it.
nlohmann::ordered_json earlier_environments(const std::filesystem::path& path) {
  auto list = nlohmann::ordered_json::array();
  if (!std::filesystem::exists(path)) return list;
  auto last = try_parse_ordered_json(read_file(path));
  if (!last.is_object()) {
    log().warn("{}: not JSON: its record of earlier starts is lost", path.string());
    return list;
  }
  if (const auto found = last.find("earlier"); found != last.end()) {
    if (found->is_array()) list = *found;
    last.erase(found);
  }
  list.push_back(std::move(last));
  return list;
}

}  // namespace

nlohmann::ordered_json environment(c10::Device device) {
  utsname system{};
  uname(&system);
  const double memory_gib = gib(static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                                static_cast<double>(sysconf(_SC_PAGESIZE)));
  nlohmann::ordered_json libraries;
  for (const auto& [name, version] : versions()) libraries[name] = version;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  std::error_code no_folder;
  nlohmann::ordered_json json{
      {"time_utc", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now))},
      {"command_line", command_line()},
      {"folder", std::filesystem::current_path(no_folder).string()},
      {"git_revision", build_info().revision},
      {"host", system.nodename},
      {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
      {"processor", monitor::processor_name()},
      {"usable_cpus", usable_cpus()},
      {"memory_gib", memory_gib},
      {"device", device.str()},
      {"gpus", gpus()},
      {"versions", libraries}};
  if (const std::string driver = driver_version(); !driver.empty()) json["driver"] = driver;
  return json;
}

void write_environment(FileSystem& files, const std::filesystem::path& path, c10::Device device,
                       const RunPlaces& places) {
  nlohmann::ordered_json json = environment(device);
  json["world_size"] = places.ranks;
  json["hosts"] = places.hosts;
  if (!places.faster_precision.empty()) json["faster_precision"] = places.faster_precision;
  nlohmann::ordered_json origins = nlohmann::ordered_json::object();
  for (const auto& [key, place] : places.origins) origins[key] = place;
  json["origins"] = origins;
  json["earlier"] = earlier_environments(path);
  write_file_atomically(files, path, as_bytes(json_text(json, 2) + "\n"));
}

}  // namespace stoker::machine

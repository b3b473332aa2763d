#include "stoker/run/environment.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "stoker/core/cpu.h"
#include "stoker/run/versions.h"

namespace stoker::run {

namespace {

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  constexpr std::string_view kKey = "model name";
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with(kKey)) continue;
    return line.substr(std::min(line.size(), line.find(':') + 2));
  }
  return "unknown";
}

// The words of this process's command line.
std::vector<std::string> command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

}  // namespace

std::string environment_json(c10::Device device) {
  utsname system{};
  uname(&system);
  const double memory_gib = static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                            static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024.0 * 1024 * 1024);
  nlohmann::ordered_json libraries;
  for (const auto& [name, version] : versions()) libraries[name] = version;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const nlohmann::ordered_json json{
      {"time_utc", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now))},
      {"command_line", command_line()},
      {"host", system.nodename},
      {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
      {"processor", processor_name()},
      {"usable_cpus", usable_cpus()},
      {"memory_gib", memory_gib},
      {"device", device.str()},
      {"versions", libraries}};
  return json.dump(2) + "\n";
}

}  // namespace stoker::run

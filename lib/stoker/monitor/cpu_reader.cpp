#include "stoker/monitor/cpu_reader.h"

#include <unistd.h>
#include <ctime>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>

namespace stoker::monitor {

namespace fs = std::filesystem;

namespace {

constexpr double kNano = 1e-9;

bool lists_cpu(const std::string& controllers) {
  std::istringstream stream(controllers);
  for (std::string name; std::getline(stream, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

// The mount and the groups on the way to the named one, as far as they are there: in a container
// the name is often that of the host, and the mount is the group.
void add_groups(const fs::path& mount, const fs::path& group, std::vector<fs::path>& folders) {
  std::error_code none;
  fs::path folder = mount;
  const auto add = [&] {
    if (fs::exists(folder / "cpu.stat", none) && std::ranges::count(folders, folder) == 0)
      folders.push_back(folder);
  };
  add();
  for (const fs::path& part : group.lexically_normal().relative_path()) {
    if (part == ".." || part.empty()) continue;
    folder /= part;
    add();
  }
}

double process_time_s() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + kNano * static_cast<double>(time.tv_nsec);
}

}  // namespace

std::vector<fs::path> cpu_cgroups(const fs::path& root) {
  std::vector<fs::path> folders;
  const fs::path mounts = root / "sys/fs/cgroup";
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // hierarchy:controllers:path
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) add_groups(mounts, group, folders);
    if (!lists_cpu(controllers)) continue;
    add_groups(mounts / controllers, group, folders);
    if (!fs::exists(mounts / controllers)) add_groups(mounts / "cpu", group, folders);
  }
  return folders;
}

CpuReader::CpuReader(const CpuReaderOptions& options)
    : memory_(options.root / "proc/self/statm"),
      // Of the process's first thread, which takes the steps.
      wait_(options.root / "proc/self/schedstat"),
      disk_(options.root / "proc/self/io"),
      system_(options.root / "proc/stat"),
      tick_s_(1.0 / static_cast<double>(std::max(1L, sysconf(_SC_CLK_TCK)))),
      page_bytes_(static_cast<double>(sysconf(_SC_PAGESIZE))) {
  for (const fs::path& folder : cpu_cgroups(options.root)) {
    SystemFile file(folder / "cpu.stat");
    const auto text = file.read();
    // Without a quota there are no periods to count.
    if (text && number_after(*text, "nr_periods").value_or(0) > 0) quotas_.push_back(file);
  }
  if (!options.reads_energy) return;
  energy_.emplace(options.root);
  why_no_energy_ = energy_->why_not();
  if (energy_->packages() == 0) energy_.reset();
}

CpuReading CpuReader::read() {
  CpuReading reading{.process_s = process_time_s()};
  if (const auto text = memory_.read()) {
    if (const auto pages = number_at(*text, 1))
      reading.resident_bytes = static_cast<int64_t>(page_bytes_ * static_cast<double>(*pages));
  }
  if (const auto text = wait_.read()) {  // running, waiting, in nanoseconds; time slices
    if (const auto waited = number_at(*text, 1))
      reading.wait_s = kNano * static_cast<double>(*waited);
  }
  if (const auto text = disk_.read()) reading.disk_read_bytes = number_after(*text, "read_bytes");
  if (const auto text = system_.read()) {  // cpu user nice system idle iowait irq softirq steal
    double ticks = 0;
    bool is_whole = true;
    for (const size_t word : {1, 2, 3, 6, 7}) {
      const auto value = number_at(*text, word);
      is_whole = is_whole && value;
      ticks += static_cast<double>(value.value_or(0));
    }
    if (is_whole) reading.system_s = tick_s_ * ticks;
  }
  read_quota(reading);
  if (energy_) reading.energy_j = energy_->read();
  return reading;
}

void CpuReader::read_quota(CpuReading& reading) {
  for (SystemFile& file : quotas_) {
    const auto text = file.read();
    if (!text) continue;
    const auto periods = number_after(*text, "nr_periods");
    const auto held = number_after(*text, "nr_throttled");
    if (!periods || !held) continue;
    // Of several quotas, that which holds back most.
    if (!reading.periods || *held > *reading.held_periods) {
      reading.periods = periods;
      reading.held_periods = held;
    }
  }
}

}  // namespace stoker::monitor

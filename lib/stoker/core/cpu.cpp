#include "stoker/core/cpu.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace stoker {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<double> quota(std::string_view words) {
  double limit_us = 0, period_us = 0;
  std::istringstream stream{std::string(words)};
  // cgroup v2 writes "max" and v1 writes -1 where there is no limit.
  if (!(stream >> limit_us >> period_us) || limit_us <= 0 || period_us <= 0) return std::nullopt;
  return limit_us / period_us;
}

std::optional<double> quota_of_group(const fs::path& folder) {
  if (const auto v2 = quota(first_line(folder / "cpu.max"))) return v2;
  return quota(first_line(folder / "cpu.cfs_quota_us") + " " +
               first_line(folder / "cpu.cfs_period_us"));
}

std::optional<double> smaller(std::optional<double> a, std::optional<double> b) {
  if (a && b) return std::min(*a, *b);
  return a ? a : b;
}

// A limit may stand on any group on the way up. In a container the named group is often outside
// what is mounted, and then the mount itself is the group.
std::optional<double> quota_up_from(const fs::path& mount, const fs::path& group) {
  std::optional<double> least = quota_of_group(mount);
  fs::path folder = mount;
  for (const fs::path& part : group.lexically_normal().relative_path()) {
    if (part == ".." || part.empty()) continue;
    folder /= part;
    least = smaller(least, quota_of_group(folder));
  }
  return least;
}

bool names_cpu(const std::string& controllers) {
  std::istringstream stream(controllers);
  for (std::string name; std::getline(stream, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

int affinity_cpus() {
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
    std::vector<cpu_set_t> mask(static_cast<size_t>(cpus) / (8 * sizeof(cpu_set_t)));
    const size_t size_bytes = mask.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, size_bytes, mask.data()) == 0) {
      return CPU_COUNT_S(size_bytes, mask.data());
    }
  }
  return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

std::optional<double> cgroup_cpu_quota(const fs::path& root) {
  const fs::path mounts = root / "sys/fs/cgroup";
  std::optional<double> least;
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // hierarchy:controllers:path
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) {
      least = smaller(least, quota_up_from(mounts, group));
    } else if (names_cpu(controllers)) {
      least = smaller(least, quota_up_from(mounts / controllers, group));
      least = smaller(least, quota_up_from(mounts / "cpu", group));
    }
  }
  return least;
}

uint64_t free_memory_bytes() {
  constexpr uint64_t kKib = 1024;
  uint64_t free_bytes = 0;
  std::ifstream file("/proc/meminfo");
  for (std::string key; file >> key;
       file.ignore(std::numeric_limits<std::streamsize>::max(), '\n')) {
    uint64_t kib = 0;
    if (key == "MemAvailable:" && file >> kib) free_bytes = kib * kKib;
  }
  rlimit limit{};
  uint64_t pages = 0;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return free_bytes;
  if (!(std::ifstream("/proc/self/statm") >> pages)) return free_bytes;
  const uint64_t used_bytes = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return std::min<uint64_t>(free_bytes,
                            limit.rlim_cur - std::min<uint64_t>(used_bytes, limit.rlim_cur));
}

int usable_cpus() {
  int cpus = affinity_cpus();
  if (const auto limit = cgroup_cpu_quota()) {
    cpus = std::min(cpus, static_cast<int>(std::ceil(std::min(*limit, 1e6))));
  }
  return std::max(cpus, 1);
}

}  // namespace stoker

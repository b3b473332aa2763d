#include "stoker/core/cpu.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
namespace fs = std::filesystem;

namespace {

// A / of its own with the given cgroup files.
class Machine {
 public:
  Machine& file(const std::string& path, const std::string& text) {
    const fs::path full = folder_.path() / path;
    fs::create_directories(full.parent_path());
    std::ofstream(full) << text;
    return *this;
  }
  std::optional<double> quota() const { return cgroup_cpu_quota(folder_.path()); }

 private:
  test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("no cgroups, no quota") { CHECK_FALSE(Machine().quota()); }

TEST_CASE("cgroup v2: the tightest limit on the way up counts") {
  Machine machine;
  machine.file("proc/self/cgroup", "0::/jobs/17\n");
  CHECK_FALSE(machine.quota());
  machine.file("sys/fs/cgroup/jobs/17/cpu.max", "max 100000\n");
  CHECK_FALSE(machine.quota());
  machine.file("sys/fs/cgroup/jobs/cpu.max", "400000 100000\n");
  CHECK(machine.quota() == 4.0);
  machine.file("sys/fs/cgroup/jobs/17/cpu.max", "75000 50000\n");
  CHECK(machine.quota() == 1.5);
}

TEST_CASE("cgroup v2: a container sees its own group at the mount") {
  Machine machine;
  machine.file("proc/self/cgroup", "0::/../../system.slice/docker-0123.scope\n");
  machine.file("sys/fs/cgroup/cpu.max", "250000 100000\n");
  CHECK(machine.quota() == 2.5);
}

TEST_CASE("cgroup v1: quota and period are two files") {
  Machine machine;
  machine.file("proc/self/cgroup",
               "5:memory:/docker/0123\n4:cpu,cpuacct:/docker/0123\n3:cpuset:/docker/0123\n");
  machine.file("sys/fs/cgroup/cpu,cpuacct/docker/0123/cpu.cfs_quota_us", "-1\n");
  machine.file("sys/fs/cgroup/cpu,cpuacct/docker/0123/cpu.cfs_period_us", "100000\n");
  CHECK_FALSE(machine.quota());
  machine.file("sys/fs/cgroup/cpu,cpuacct/docker/0123/cpu.cfs_quota_us", "300000\n");
  CHECK(machine.quota() == 3.0);
}

TEST_CASE("cgroup v1: the controller is mounted as cpu alone") {
  Machine machine;
  machine.file("proc/self/cgroup", "4:cpu,cpuacct:/docker/0123\n");
  machine.file("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
  machine.file("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  CHECK(machine.quota() == 0.5);
}

TEST_CASE("nonsense in the cgroup files is no quota") {
  for (const char* text :
       {"", "\n", "abc def\n", "100000\n", "0 100000\n", "100000 0\n", "-5 7\n"}) {
    Machine machine;
    machine.file("proc/self/cgroup", "x\n0::/a\n::\n");
    machine.file("sys/fs/cgroup/a/cpu.max", text);
    INFO(text);
    CHECK_FALSE(machine.quota());
  }
}

TEST_CASE("at least one processor is usable") { CHECK(usable_cpus() >= 1); }

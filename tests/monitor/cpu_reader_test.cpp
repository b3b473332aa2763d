#include "stoker/monitor/cpu_reader.h"

#include "stoker/monitor/system_file.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using monitor::CpuReader;
using monitor::CpuReading;
using test::write;

namespace {

class Machine {
 public:
  Machine() {
    write(root() / "proc/self/statm", "1000 500 200 1 0 300 0\n");
    write(root() / "proc/self/schedstat", "5000000000 1500000000 77\n");
    write(root() / "proc/self/io", "rchar: 9\nwchar: 9\nread_bytes: 4096\nwrite_bytes: 1\n");
    write(root() / "proc/stat", "cpu  100 20 30 9999 5 1 2 50 7 0\ncpu0 1 1 1 1\n");
  }
  const std::filesystem::path& root() const { return folder_.path(); }

 private:
  test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("numbers are found by their place and by their word") {
  CHECK(monitor::number_at("cpu  100 20\n7 8", 1) == 100);
  CHECK(monitor::number_at("cpu  100 20\n7 8", 3) == std::nullopt);
  CHECK(monitor::number_at("", 0) == std::nullopt);
  CHECK(monitor::number_after("a_read 1\nread 2\n", "read") == 2);
  CHECK(monitor::number_after("read_more: 1\n", "read") == std::nullopt);
  CHECK(monitor::number_after("read: x", "read") == std::nullopt);
  CHECK(monitor::number_after("read 18446744073709551615", "read") == std::nullopt);
}

TEST_CASE("a process is read from its files") {
  const Machine machine;
  CpuReader reader({.root = machine.root()});
  const CpuReading reading = reader.read();
  CHECK(reading.process_s > 0);
  CHECK(reading.resident_bytes == 500 * sysconf(_SC_PAGESIZE));
  CHECK(reading.wait_s == Approx(1.5));
  CHECK(reading.disk_read_bytes == 4096);
  // user, nice, system, irq and softirq: not idle, waiting for disks, or stolen
  CHECK(reading.system_s == Approx(153.0 / double(sysconf(_SC_CLK_TCK))));
  CHECK_FALSE(reading.periods);
  CHECK_FALSE(reading.energy_j);
  CHECK_THAT(reader.why_no_energy(), Catch::Contains("no energy counters"));
}

TEST_CASE("the quota that holds back most is read, of version 2 and of version 1") {
  const Machine two;
  write(two.root() / "proc/self/cgroup", "0::/a/b\n");
  write(two.root() / "sys/fs/cgroup/cpu.stat", "usage_usec 5\n");
  write(two.root() / "sys/fs/cgroup/a/cpu.stat", "usage_usec 5\nnr_periods 100\nnr_throttled 40\n");
  write(two.root() / "sys/fs/cgroup/a/b/cpu.stat", "nr_periods 90\nnr_throttled 3\n");
  CpuReader reader({.root = two.root(), .reads_energy = false});
  CpuReading reading = reader.read();
  CHECK(reading.periods == 100);
  CHECK(reading.held_periods == 40);
  write(two.root() / "sys/fs/cgroup/a/cpu.stat", "nr_periods 110\nnr_throttled 45\n");
  CHECK(reader.read().held_periods == 45);

  const Machine one;
  write(one.root() / "proc/self/cgroup", "4:memory:/x\n3:cpu,cpuacct:/docker/123\n");
  write(one.root() / "sys/fs/cgroup/cpu,cpuacct/cpu.stat",  // as a container sees it
        "nr_periods 8\nnr_throttled 2\nthrottled_time 77\n");
  CHECK(CpuReader({.root = one.root()}).read().held_periods == 2);
}

TEST_CASE("a machine that shows nothing leaves nothing there") {
  const test::TemporaryFolder folder;
  CpuReader reader({.root = folder.path()});
  const CpuReading reading = reader.read();
  CHECK_FALSE(reading.resident_bytes);
  CHECK_FALSE(reading.wait_s);
  CHECK_FALSE(reading.system_s);
  CHECK_FALSE(reading.disk_read_bytes);
}

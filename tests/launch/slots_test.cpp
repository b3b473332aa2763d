#include "stoker/launch/slots.h"

#include <filesystem>
#include <fstream>

#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker::launch;
using Cpus = std::vector<int>;

TEST_CASE("CPUs are shared out in neighbours and devices in turn") {
  const auto slots = divide({.cpus = {0, 1, 2, 5, 6, 7, 8}, .devices = {"0", "1"}}, 3);
  REQUIRE(slots.size() == 3);
  CHECK(slots[0].cpus == Cpus{0, 1});
  CHECK(slots[1].cpus == Cpus{2, 5});
  CHECK(slots[2].cpus == Cpus{6, 7, 8});
  CHECK(slots[2].device == "0");
  CHECK(slots[1].device == "1");
}

TEST_CASE("one job, more jobs than CPUs, and one device leave things as they are") {
  CHECK(divide({.cpus = {0, 1}, .devices = {"0"}}, 1)[0].cpus.empty());
  CHECK_FALSE(divide({.cpus = {0, 1}, .devices = {"0"}}, 2)[0].device.has_value());
  CHECK(divide({.cpus = {0, 1}, .devices = {}}, 3)[2].cpus.empty());
  CHECK_FALSE(this_machine().cpus.empty());
}

TEST_CASE("processors of a core, and of a memory node, are neighbours") {
  const stoker::test::TemporaryFolder root;
  // Two nodes of two cores with two threads each, numbered as Linux does on many machines.
  for (int cpu = 0; cpu < 8; ++cpu) {
    const auto folder = root.path() / "sys/devices/system/cpu" / ("cpu" + std::to_string(cpu));
    std::filesystem::create_directories(folder / "topology");
    std::filesystem::create_directories(folder / ("node" + std::to_string(cpu % 4 / 2)));
    std::ofstream(folder / "topology/physical_package_id") << cpu % 4 / 2 << "\n";
    std::ofstream(folder / "topology/core_id") << cpu % 2 << "\n";
  }
  CHECK(by_topology({0, 1, 2, 3, 4, 5, 6, 7}, root.path()) == Cpus{0, 4, 1, 5, 2, 6, 3, 7});
  CHECK(by_topology({3, 1}, "/nowhere") == Cpus{1, 3});
}

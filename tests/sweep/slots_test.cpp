#include "stoker/sweep/slots.h"

#include "support/catch.h"

using namespace stoker::sweep;
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

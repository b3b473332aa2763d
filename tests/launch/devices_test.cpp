#include "stoker/launch/devices.h"

#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using launch::parse_devices;
using Kind = launch::Devices::Kind;

TEST_CASE("devices are counted, all, ranks on the CPU, or none at all") {
  CHECK(parse_devices("2", 4).count == 2);
  CHECK(parse_devices("2", 4).kind == Kind::kGpu);
  CHECK(parse_devices("all", 4).count == 4);
  CHECK(parse_devices("all", 0).kind == Kind::kCpu);
  CHECK(parse_devices("all", 0).count == 1);
  CHECK(parse_devices("cpu:3", 4).count == 3);
  CHECK(parse_devices("cpu:3", 0).kind == Kind::kCpu);
  CHECK(parse_devices("fake:1024", 0).count == 1024);
  CHECK(parse_devices("fake:1024", 0).kind == Kind::kFake);
}

TEST_CASE("other words, and more GPUs than there are, are refused with what is expected") {
  for (const char* word : {"", "0", "-1", "cpu", "cpu:", "cpu:0", "cpu:x", "2x", "gpu:2",
                           "fake:", "99999999999999999999", "cpu:1025"}) {
    INFO(word);
    CHECK_THROWS_WITH(parse_devices(word, 8), Catch::Contains("--devices"));
  }
  CHECK_THROWS_WITH(parse_devices("3", 2),
                    Catch::Contains("this host has 2") && Catch::Contains("cpu:3"));
  CHECK_THROWS_WITH(parse_devices("1", 0), Catch::Contains("this host has 0"));
}

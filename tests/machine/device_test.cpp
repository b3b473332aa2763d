#include "stoker/machine/device.h"

#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;

TEST_CASE("the CPU is always there, and auto is some device") {
  CHECK(machine::pick_device("cpu").is_cpu());
  CHECK_NOTHROW(machine::pick_device("auto"));
}

TEST_CASE("words that name no device are refused with those that do") {
  for (const char* word : {"", "gpu", "CUDA", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda0"}) {
    CAPTURE(word);
    CHECK_THROWS_WITH(machine::pick_device(word), Catch::Contains("cuda:<index>"));
  }
}

TEST_CASE("a GPU that is not there is an error of the device") {
  CHECK_THROWS_AS(machine::pick_device("cuda:97"), DeviceError);
}

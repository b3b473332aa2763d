#include "stoker/dist/route.h"

#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;

TEST_CASE("an address for other hosts is never that of the loopback device") {
  for (const char* host : {"127.0.0.1", "localhost", "192.0.2.1", "no-such-host.invalid"}) {
    try {
      const std::string address = dist::address_towards(host);
      INFO(host << " " << address);
      CHECK_FALSE(address.empty());
      CHECK_FALSE(address.starts_with("127."));
      CHECK(address != "::1");
    } catch (const DeviceError& error) {  // where there is no other device
      CHECK_THAT(error.what(), Catch::Contains("dist.interface"));
    }
  }
}

// What a config says under `monitor:`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "stoker/config/fields.h"

namespace stoker::callbacks {

struct MonitorOptions {
  std::optional<int64_t> port;  // of the live page
  std::string address = "127.0.0.1";
};
inline void describe(MonitorOptions& o, config::Fields& fields) {
  fields("port", o.port,
         "a port where browsers find the run's page while it trains, and Prometheus its figures at "
         "/metrics; 9400 is usual")
      .in(1, 65535)
      .unset_as("none");
  fields("address", o.address,
         "the address that it listens on; 0.0.0.0 lets other machines read as well, without a "
         "password");
}

}  // namespace stoker::callbacks

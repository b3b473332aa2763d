// What `--devices` says: on how many devices of this host a training runs, one rank on each.
#pragma once

#include <cstdint>
#include <string_view>

namespace stoker::launch {

struct Devices {
  enum class Kind {
    kGpu,   // "4", "all"
    kCpu,   // "cpu:2": ranks that share this host's processors
    kFake,  // "fake:1024": none; a plan for so many is asked for
  };
  Kind kind = Kind::kGpu;
  int64_t count = 1;
};

// gpus: what this host has, for "all" and for what is refused. A host without a GPU takes "all" as
// one rank on the CPU. Throws ConfigError.
Devices parse_devices(std::string_view text, int64_t gpus);

}  // namespace stoker::launch

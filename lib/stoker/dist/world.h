// Joins the ranks that a launcher has started into one group.
//
//   const std::unique_ptr<Group> group = join(place, options, device);
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <optional>
#include <string>

#include "stoker/dist/group.h"
#include "stoker/dist/options.h"
#include "stoker/launch/place.h"

namespace stoker::dist {

// Meets all ranks, divides this host's processors among those that share them (before LibTorch
// makes threads), and connects them. device: of this rank; gpu: its name, "" for the CPU, since
// NCCL wants one for each rank. Throws DeviceError, naming who is missing or cannot be reached, and
// ConfigError for a backend that the device does not suit.
std::unique_ptr<Group> join(const launch::Place& place, const DistOptions& options,
                            c10::Device device, const std::string& gpu);

// The folder of the run that an earlier attempt of the same launcher has begun; nothing at the
// first attempt, or where none came so far.
std::optional<std::string> run_of_earlier_attempt(const launch::Place& place,
                                                  const DistOptions& options);

}  // namespace stoker::dist

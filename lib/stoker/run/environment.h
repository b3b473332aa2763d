// environment.json: what a run ran on, so that its figures can be judged later.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace stoker::run {

// Host, processor, usable CPUs, memory, device, versions of stoker and its libraries, the command
// line of this process and the time, as JSON.
std::string environment_json(c10::Device device);

}  // namespace stoker::run

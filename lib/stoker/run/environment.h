// environment.json: what a run ran on, so that its figures can be judged later.
#pragma once

#include <c10/core/Device.h>

#include <span>
#include <string>

namespace stoker::run {

// Host, processor, usable CPUs, memory, device, versions of stoker and its libraries, the command
// line and the time, as JSON.
std::string environment_json(std::span<const std::string> command_line, c10::Device device);

}  // namespace stoker::run

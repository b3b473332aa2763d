// What `stoker doctor` says of a machine, for a person and for programs.
#pragma once

#include <string>

#include "stoker/monitor/warnings.h"

namespace stoker::monitor {

// Lines, each with its end.
std::string machine_text(const MachineFacts& facts);

// {"gpus": […], "cpu": {…}, "memory": {…}, "disk": {…}, "libraries": {…}, "warnings": [{"what",
// "why", "fix"}], …}; what is not known is null.
std::string machine_json(const MachineFacts& facts);

}  // namespace stoker::monitor

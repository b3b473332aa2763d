// `stoker doctor [CONFIG|RUN] [key=value …]`
#pragma once

#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

struct DoctorArguments {
  std::string path;  // of a configuration or a run; "" for the machine
  std::vector<std::string> overrides;
  std::string disk;  // whose disk is measured; "" for this folder's
  bool gpus = false;
  bool json = false;
};
void add_doctor(CLI::App& app, Action& action, const Body<DoctorArguments>& body);

}  // namespace stoker::app

// `stoker profile CONFIG|RUN [key=value …]`
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

struct ProfileArguments {
  std::string path;
  std::vector<std::string> overrides;
  int64_t steps = 20;
  int64_t rows = 15;
  std::string output = "trace.json";
  bool json = false;
};
void add_profile(CLI::App& app, Action& action, const Body<ProfileArguments>& body);

}  // namespace stoker::app

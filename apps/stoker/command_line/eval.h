// `stoker eval CHECKPOINT [key=value …]`
#pragma once

#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

struct EvalArguments {
  std::string path;
  std::vector<std::string> overrides;
  std::string split = "val";
  bool json = false;
  std::vector<std::string> confusion;
  std::string per_class;
  std::string devices;  // "" for the one that the configuration names
};
void add_eval(CLI::App& app, Action& action, const Body<EvalArguments>& body);

}  // namespace stoker::app

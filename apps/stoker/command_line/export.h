// `stoker export CHECKPOINT FILE [key=value …]`
#pragma once

#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

struct ExportArguments {
  std::string checkpoint, file;
  std::vector<std::string> overrides;
  std::string names = "timm";
  bool fold = false;
  bool json = false;
};
void add_export(CLI::App& app, Action& action, const Body<ExportArguments>& body);

}  // namespace stoker::app

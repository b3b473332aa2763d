// `stoker models [PATTERN]`
#pragma once

#include <string>

#include "command_line/body.h"

namespace stoker::app {

struct ModelsArguments {
  std::string pattern;
  bool json = false;
  bool markdown = false;
};
void add_models(CLI::App& app, Action& action, const Body<ModelsArguments>& body);

}  // namespace stoker::app

// `stoker config print`, `check`, `init`, `schema` and `reference`
#pragma once

#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

struct ConfigPrintArguments {
  std::string path;
  std::vector<std::string> overrides;
  bool json = false;
};
struct ConfigCheckArguments {
  std::vector<std::string> words;  // configs, and overrides that hold for each
  std::string each;                // a file of JSON lists of overrides, "-": standard input
};
struct ConfigInitArguments {
  std::string data;
  std::string out;  // empty: standard output
};
struct ConfigPageArguments {};

struct ConfigBodies {
  Body<ConfigPrintArguments> print = elsewhere<ConfigPrintArguments>;
  Body<ConfigCheckArguments> check = elsewhere<ConfigCheckArguments>;
  Body<ConfigInitArguments> init = elsewhere<ConfigInitArguments>;
  Body<ConfigPageArguments> schema = elsewhere<ConfigPageArguments>;
  Body<ConfigPageArguments> reference = elsewhere<ConfigPageArguments>;
};
void add_config(CLI::App& app, Action& action, const ConfigBodies& bodies);

}  // namespace stoker::app

// `stoker runs [DIR]` and `stoker compare RUN RUN …`
#pragma once

#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

struct RunsArguments {
  std::string folder = "runs";
  bool watch = false;
  double every_s = 2;
  bool json = false;
};
void add_runs(CLI::App& app, Action& action, const Body<RunsArguments>& body);

struct CompareArguments {
  std::vector<std::string> runs;
  bool json = false;
};
void add_compare(CLI::App& app, Action& action, const Body<CompareArguments>& body);

}  // namespace stoker::app

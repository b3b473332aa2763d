// `stoker report RUN …|SWEEP`
#pragma once

#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

struct ReportArguments {
  std::vector<std::string> folders;
  std::string out = "report.html";
};
void add_report(CLI::App& app, Action& action, const Body<ReportArguments>& body);

}  // namespace stoker::app

// `stoker resume-check RUN [key=value …]`
#pragma once

#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

struct ResumeCheckArguments {
  std::string path;
  std::vector<std::string> overrides;
  bool json = false;
};
void add_resume_check(CLI::App& app, Action& action, const Body<ResumeCheckArguments>& body);

}  // namespace stoker::app

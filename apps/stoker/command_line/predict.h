// `stoker predict CHECKPOINT IMAGES … [key=value …]`
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

struct PredictArguments {
  std::string checkpoint;
  std::vector<std::string> words;  // images and overrides
  int64_t top = 5;
  std::string format = "text";
  bool null_separated = false;
};
void add_predict(CLI::App& app, Action& action, const Body<PredictArguments>& body);

}  // namespace stoker::app

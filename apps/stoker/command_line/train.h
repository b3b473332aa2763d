// `stoker train CONFIG [key=value …] [--resume [RUN]]`
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

struct TrainArguments {
  std::vector<std::string> words;     // the config, if any, and overrides
  std::optional<std::string> resume;  // empty: --resume without a word
  bool dry_run = false;
};
void add_train(CLI::App& app, Action& action, const Body<TrainArguments>& body);

}  // namespace stoker::app

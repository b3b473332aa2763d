// `stoker train CONFIG [key=value …] [--resume [RUN]] [--devices N]`
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
  std::string devices;    // "" for the one that the configuration names
  std::string log_ranks;  // a folder; "" for none
  std::optional<int64_t> folds;
};
void add_train(CLI::App& app, Action& action, const Body<TrainArguments>& body);

}  // namespace stoker::app

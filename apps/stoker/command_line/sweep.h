// `stoker sweep CONFIG key=a,b key=low..high …`
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

struct SweepArguments {
  std::vector<std::string> words;  // a config, sweep file or sweep's folder, then the space
  // What was given of the search; the rest is the sweep file's.
  std::optional<int64_t> random, sobol, search_seed, seeds, folds, prune_startup, jobs;
  std::optional<double> halving, asha, prune_warmup, max_hours;
  std::optional<std::string> metric, prune;
  std::optional<int64_t> task;
  std::string launcher = "local";
  std::string retry;
  bool is_new = false, fail_fast = false, status = false, json = false, print_commands = false;
};
void add_sweep(CLI::App& app, Action& action, const Body<SweepArguments>& body);

}  // namespace stoker::app

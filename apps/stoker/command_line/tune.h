// `stoker tune CONFIG [key=value …]`
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

struct TuneArguments {
  std::string config;
  std::vector<std::string> overrides;
  bool precision = false;       // compare arithmetic and layout
  bool lr = false;              // the learning-rate range test
  bool critical_batch = false;  // branches of a run: `config` names it
  double seconds = 30;          // of timing micro-batches
  int64_t largest = 0;          // micro-batch that is looked at; 0: the batch
  int64_t steps = 0;            // 0: as the kind of tuning has it
  std::string write;            // a config that extends the given one
  std::string plot;             // SVG
  bool json = false;
};
void add_tune(CLI::App& app, Action& action, const Body<TuneArguments>& body);

}  // namespace stoker::app

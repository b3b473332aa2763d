// `stoker bench loader`, `stoker bench step` and `stoker bench allreduce`
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command_line/body.h"

namespace stoker::app {

// Those of one measurement; the other has defaults for what it does not take.
struct BenchArguments {
  std::string config;
  std::vector<std::string> overrides;
  double seconds = 3;
  int64_t rounds = 3;
  std::vector<int> threads;
  bool no_train = false;
  bool json = false;
  std::string devices;  // of allreduce
};
struct BenchBodies {
  Body<BenchArguments> loader = elsewhere<BenchArguments>;
  Body<BenchArguments> step = elsewhere<BenchArguments>;
  Body<BenchArguments> allreduce = elsewhere<BenchArguments>;
};
void add_bench(CLI::App& app, Action& action, const BenchBodies& bodies);

}  // namespace stoker::app

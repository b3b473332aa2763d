// The ranks of a training on this host: started, watched and ended together.
//
//   return run_ranks({.command = {program, "train", "a.yaml"}, .count = 4});
//
// Rank 0 has this process's standard output and error; of the others each line appears on standard
// error behind "[rank 3] ". A signal asks all ranks to stop after their step and save; a second one
// ends them at once. Where a rank fails the others, which notice by themselves, have some seconds
// to end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stoker/launch/place.h"

namespace stoker::launch {

struct LocalRanks {
  std::vector<std::string> command;  // of every rank: the program's path and its words
  int64_t count = 1;
  Nodes nodes;  // each has as many
};

// Returns the exit code of the rank that failed first (128 + n by signal n), else rank 0's. Throws
// ConfigError and FileError where they cannot be started.
int run_ranks(const LocalRanks& ranks);

}  // namespace stoker::launch

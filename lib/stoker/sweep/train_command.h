// The command line of a trial's next attempt: an ordinary training.
//
//   stoker train <sweep>/base.yaml optimizer.lr=0.1 seed=1 run.dir=<sweep> name=trial-001
//   stoker train --resume <sweep>/trial-001/1
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/sweep/trial.h"

namespace stoker::sweep {

inline constexpr const char* kBaseFile = "base.yaml";

// program: the words that stand before "train". share: of the full length, where the rung ends; 1
// for all of it, with has_rungs then undoing what an earlier rung has set.
std::vector<std::string> train_command(const std::vector<std::string>& program,
                                       const std::filesystem::path& sweep, const Trial& trial,
                                       double share, bool has_rungs);

// The words as a shell reads them back.
std::string shell_line(const std::vector<std::string>& words);

}  // namespace stoker::sweep

// How a sweep is searched and run, as the command line and a sweep file say it.
//
//   sweep:
//     config: quickstart.yaml            # beside this file
//     space: {train.batch_size: [64, 128], optimizer.lr: log:0.01..1}
//     random: 16
//     seeds: 3
//
//   if (const auto file = read_sweep_file("configs/sweep.yaml")) file->options.random;
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "stoker/config/fields.h"
#include "stoker/sweep/plan.h"

namespace stoker::sweep {

struct SweepOptions {
  std::optional<int64_t> random, sobol;  // settings to draw; none: the grid
  int64_t search_seed = 0;
  std::optional<int64_t> seeds, folds;
  std::optional<double> halving, asha;  // one in so many goes on
  std::string metric;  // empty: val.top1, which a task of several labels does not have
  std::string prune;   // "median" or ""
  int64_t prune_startup = 4;
  double prune_warmup = 1;
  int64_t jobs = 1;
  std::optional<double> max_hours;
};
void describe(SweepOptions& options, config::Fields& fields);

struct SweepFile {
  std::filesystem::path config;
  std::vector<std::string> words;  // of the space
  SweepOptions options;
};

// Nothing for a file without `sweep:` at its top, which is a configuration. Throws ConfigError.
std::optional<SweepFile> read_sweep_file(const std::filesystem::path& path);

// The words of `upper` in place of those of `lower` with the same key, then the rest.
std::vector<std::string> merged_words(std::vector<std::string> lower,
                                      const std::vector<std::string>& upper);

// What the options and the words of the space come to. Throws ConfigError for what excludes each
// other.
SweepPlan make_plan(const SweepOptions& options, const std::vector<std::string>& words);

}  // namespace stoker::sweep

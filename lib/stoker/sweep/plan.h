// What a sweep is: the space, how it is searched, and the configuration below it. Two sweeps with
// equal plans are one; a changed plan is another sweep.
//
//   SweepPlan plan{.space = search::parse_space(words), .seeds = 3, .base = resolved};
//   std::vector<Trial> trials = make_trials(plan);
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/search/halving.h"
#include "stoker/search/sampler.h"
#include "stoker/search/space.h"
#include "stoker/sweep/trial.h"

namespace stoker::sweep {

struct Halving {
  double eta = 3;
  bool is_asynchronous = false;
};

// A resolved configuration as its leaves: "train.epochs" to "6".
using Leaves = std::map<std::string, std::string, std::less<>>;
Leaves leaves_of_json(std::string_view json);

struct SweepPlan {
  search::Space space;
  search::SampleOptions sample;
  std::optional<int64_t> seeds;  // of each setting; none: the configuration's
  std::optional<int64_t> folds;  // of data.fold, each for each setting and seed
  std::optional<Halving> halving;
  std::string metric = "val.top1";
  bool lower_is_better = false;
  Leaves base;  // with the fixed overrides; without name and run.dir, which say where and not what

  // The keys that the settings differ in, seed and fold left out.
  std::vector<std::string> keys() const;
};

// All trials, queued, the settings in the order of the search and the seeds and folds of each
// together; `epochs` is left for the check of their configurations. Throws ConfigError.
std::vector<Trial> make_trials(const SweepPlan& plan);

// Where each rung of a sweep ends, as shares of the full length; {1} without halving.
std::vector<double> rung_shares(const SweepPlan& plan, std::span<const Trial> trials);

// The plan as the register keeps it, and back. Throws DataError.
std::string identity_of(const SweepPlan& plan);
SweepPlan plan_from(std::string_view identity);

// The keys that differ, "train.epochs: 6, now 8", a line each; none for one sweep.
std::vector<std::string> differences(const SweepPlan& before, const SweepPlan& now);

}  // namespace stoker::sweep

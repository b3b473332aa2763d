// A job that several processes do together, each as one rank.
//
//   return with_ranks({.place = place}, config, [&](dist::Group& group) { return train(group); });
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "stoker/dist/group.h"
#include "stoker/launch/place.h"
#include "stoker/run/run_config.h"

namespace stoker::jobs {

struct RankOptions {
  launch::Place place;  // of this process
  // Where the log of each rank but the first goes, as rank-<n>.txt; none: its warnings alone are
  // seen, on standard error.
  std::optional<std::filesystem::path> logs;
};

// The others, while the job lasts. Says nothing on standard error but warnings unless it is the
// first.
class Ranks {
 public:
  // Joins them. Throws as dist::join does, and FileError for the log.
  Ranks(const RankOptions& options, const run::RunConfig& config);

  dist::Group& group() { return joined_ ? *joined_ : dist::alone(); }
  // To be called in a handler of the error that ends this rank: tells the others.
  void leave() noexcept;

 private:
  std::unique_ptr<dist::Group> joined_;
};

// While a job is set up all ranks warn of the same, and the first alone is heard. Called when work
// begins, of which each has its share.
void hear(const dist::Group& group);

template <class Job>
auto with_ranks(const RankOptions& options, const run::RunConfig& config, Job&& job) {
  Ranks ranks(options, config);
  try {
    auto result = std::forward<Job>(job)(ranks.group());
    ranks.group().finish();
    return result;
  } catch (...) {
    ranks.leave();
    throw;
  }
}

}  // namespace stoker::jobs

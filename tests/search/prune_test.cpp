#include "stoker/search/prune.h"

#include <cmath>

#include "support/catch.h"

using namespace stoker::search;

TEST_CASE("a trial is behind when its best is worse than the median of the others' at that point") {
  const std::vector<Curve> others{
      {{1, 0.5}, {2, 0.6}, {3, 0.9}}, {{1, 0.4}, {2, 0.7}}, {{1, 0.3}, {2, 0.2}}};
  const PruneOptions options{.startup_trials = 3, .warmup_epochs = 1};
  CHECK(is_behind({{1, 0.39}}, others, options));
  CHECK_FALSE(is_behind({{1, 0.4}}, others, options));
  CHECK_FALSE(is_behind({{1, 0.65}, {2, 0.1}}, others, options));  // its best is 0.65
  CHECK_FALSE(is_behind({{3, 0.1}}, others, options));             // one alone came so far
  CHECK_FALSE(is_behind({{0.5, 0.0}}, others, options));           // within the warmup
  CHECK_FALSE(is_behind({}, others, options));
  CHECK(is_behind({{1, std::nan("")}}, others, options));
}

TEST_CASE("for a loss the larger is behind") {
  const std::vector<Curve> others{{{1, 0.5}}, {{1, 0.4}}, {{1, 0.3}}};
  const PruneOptions options{.lower_is_better = true, .startup_trials = 3, .warmup_epochs = 0};
  CHECK(is_behind({{1, 0.41}}, others, options));
  CHECK_FALSE(is_behind({{1, 0.2}}, others, options));
}

// The micro-batch from which a larger one stops paying: the smallest whose rate reaches 97 % of the
// best, such that noise does not choose.
//
//   // Rounds: in each, every size once, so that what slows the machine slows them alike.
//   std::vector<Timing> timings{{8, {0.021, 0.022, …}}, {16, {0.033, 0.034, …}}};
//   const Knee knee = find_knee(timings);
//   if (knee.needs_more_repeats) …   // one more round, as far as time allows
//   knee.microbatch;                 // an answer either way; knee.reason says how sure it is
//
// A size is compared with the fastest one (by median) round by round: the ratio of their rates,
// so that what both met cancels. The interval of the median ratio is that of order statistics,
// which assumes no distribution. A size reaches the share when the whole interval lies at or above
// it, misses it when the whole interval lies below. In between more repeats are needed, until the
// interval is narrower than `tolerance`; then its median decides. The same where a larger size may
// be faster than the one that was taken for the fastest.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace stoker::tuning {

struct Timing {
  int64_t microbatch = 0;
  std::vector<double> seconds;  // of a step of one micro-batch; [i] from round i
};

// A median and the interval in which the true one lies with (at least) that probability.
struct MedianInterval {
  double median = 0, low = 0, high = 0;
  double confidence = 0;  // of low to high; below what was asked where values are too few
};
// values: at least one, finite.
MedianInterval median_interval(std::span<const double> values, double confidence = 0.95);

struct Rate {
  int64_t microbatch = 0;
  MedianInterval images_per_s;
};

struct KneeOptions {
  double share = 0.97;
  double confidence = 0.9;  // five rounds give 94 %, four 88 %
  double tolerance = 0.02;  // of the interval of a ratio
};

struct Knee {
  int64_t microbatch = 0;
  int64_t fastest = 0;
  bool needs_more_repeats = false;
  std::string reason;       // a sentence
  std::vector<Rate> rates;  // in the order of the timings
};

// images/s over a size's own rounds. timing: at least one round.
Rate rate_of(const Timing& timing, const KneeOptions& options = {});

// The sizes that came within `share` of the best rate of a round at least once, ascending: the
// others are so far off that a few rounds tell it. timings: as for find_knee.
std::vector<int64_t> contenders(std::span<const Timing> timings, double share = 0.8);

// timings: at least one, with equally many rounds (at least one) of times above 0.
Knee find_knee(std::span<const Timing> timings, const KneeOptions& options = {});

}  // namespace stoker::tuning

#include "stoker/loader/stage_times.h"

#include <algorithm>
#include <numeric>

namespace stoker::loader {
namespace {

// Of each piece of work this long, one sample is timed, by four clock reads of 25 to 150 ns.
constexpr double kTimedEverySeconds = 100e-6;
constexpr double kLongestStride = 256;

}  // namespace

StageTimes& StageTimes::operator+=(const StageTimes& other) {
  read_s += other.read_s;
  decode_s += other.decode_s;
  augment_s += other.augment_s;
  copy_s += other.copy_s;
  samples += other.samples;
  return *this;
}

StageTimes operator-(const StageTimes& a, const StageTimes& b) {
  return {.read_s = a.read_s - b.read_s,
          .decode_s = a.decode_s - b.decode_s,
          .augment_s = a.augment_s - b.augment_s,
          .copy_s = a.copy_s - b.copy_s,
          .samples = a.samples - b.samples};
}

StageTimes StageClock::end_run(int64_t samples, double took_s) {
  const auto total_ns =
      static_cast<double>(std::accumulate(laps_ns_.begin(), laps_ns_.end(), int64_t{0}));
  if (total_ns > 0) {
    std::ranges::transform(laps_ns_, shares_.begin(), [total_ns](int64_t ns) {
      return static_cast<double>(std::max<int64_t>(ns, 0)) / total_ns;
    });
    laps_ns_ = {};
  }
  const double each_s = std::max(took_s / static_cast<double>(samples), 1e-9);
  stride_ = static_cast<int64_t>(std::clamp(kTimedEverySeconds / each_s, 1.0, kLongestStride));
  return {.read_s = took_s * shares_[kRead],
          .decode_s = took_s * shares_[kDecode],
          .augment_s = took_s * shares_[kAugment],
          .copy_s = took_s * shares_[kCopy],
          .samples = samples};
}

}  // namespace stoker::loader

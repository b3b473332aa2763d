// Where the time of a loader's threads goes.
//
// A clock read costs as much as a hundredth of what a 32x32 image takes, so only some of quick
// samples are timed stage by stage; the rest of a run's time is spread by what these took. All
// stages together are the time that the threads worked, waiting for a CPU included.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace stoker::loader {

// Sums over threads.
struct StageTimes {
  double read_s = 0;     // getting the sample's record: a file, or pixels kept in memory
  double decode_s = 0;   // image file to pixels
  double augment_s = 0;  // pixels to the network's input, where the CPU does it
  double copy_s = 0;     // decoded pixels into the batch's block, where a GPU augments
  int64_t samples = 0;

  double total_s() const { return read_s + decode_s + augment_s + copy_s; }
  StageTimes& operator+=(const StageTimes& other);
};
StageTimes operator-(const StageTimes& a, const StageTimes& b);

// The laps of one thread.
class StageClock {
 public:
  enum Lap : uint8_t { kRead, kDecode, kAugment, kCopy, kLaps };

  void start_sample() {
    is_timing_ = ++samples_ % stride_ == 0;
    if (is_timing_) last_ = Clock::now();
  }
  // What ran since the last lap was this.
  void lap(Lap lap) {
    if (!is_timing_) return;
    const Clock::time_point now = Clock::now();
    laps_ns_[lap] += (now - last_).count();
    last_ = now;
  }
  // Of the last lap named kRead, this much was decoding.
  void was_decoding(int64_t ns) {
    if (!is_timing_) return;
    laps_ns_[kRead] -= ns;
    laps_ns_[kDecode] += ns;
  }
  // Ends a run of samples that took this long in all.
  StageTimes end_run(int64_t samples, double took_s);

 private:
  using Clock = std::chrono::steady_clock;

  bool is_timing_ = false;
  int64_t samples_ = 0, stride_ = 1;
  Clock::time_point last_;
  std::array<int64_t, kLaps> laps_ns_{};
  std::array<double, kLaps> shares_{1};
};

}  // namespace stoker::loader

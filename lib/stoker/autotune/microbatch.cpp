#include "stoker/autotune/microbatch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "stoker/bench/clock.h"
#include "stoker/core/clock.h"
#include "stoker/core/error.h"
#include "stoker/core/text.h"
#include "stoker/ops/memory_meter.h"
#include "stoker/run/memory.h"
#include "stoker/run/probe.h"
#include "stoker/tuning/probes.h"

namespace stoker::autotune {

namespace {

// A step in several micro-batches holds the gradients of those before, so this is the larger need.
constexpr int64_t kAccumulating = 2;
constexpr double kRetreat = 0.9;
constexpr int64_t kRoundsOfAll = 2;  // then those that are far from the best are left

tuning::SizeRange range_of(const run::Session& session, int64_t largest) {
  const int64_t smallest = std::min(session.state->facts.smallest_batch, session.plan().batch_size);
  return {.smallest = smallest, .largest = std::max(smallest, largest)};
}

run::Probe probe(run::Session& session, const run::ProbeOptions& options) {
  bench::check_interrupt();
  return run::probe_step(session, options);
}

class Search {
 public:
  Search(run::Session& session, const MicrobatchOptions& options)
      : session_(session), options_(options) {
    range_ = range_of(session, options.largest > 0 ? options.largest : session.plan().batch_size);
    result_.limit_bytes = ops::usable_bytes(session.device);
    result_.margin_bytes = tuning::margin_bytes(result_.limit_bytes, options.margin);
  }

  MicrobatchTuning run() {
    const MemoryFit fit = fit_memory(session_, range_.largest, result_.limit_bytes, options_.say);
    result_.memory = fit.line;
    seconds_per_image_ = fit.seconds_per_image;
    prove_largest();
    time_sizes();
    return std::move(result_);
  }

 private:
  void say(const std::string& what) const {
    if (options_.say) options_.say(what);
  }

  void prove_largest() {
    const int64_t room = result_.limit_bytes - result_.margin_bytes;
    int64_t size =
        std::max(range_.smallest, tuning::largest_under(result_.memory, room, range_.largest));
    result_.is_limited_by_memory = size < range_.largest;
    while (true) {
      say(fmt::format("a step with the largest micro-batch that should fit, {}", size));
      try {
        const run::Probe proof =
            probe(session_, {.microbatch = size, .micro_batches = kAccumulating, .steps = 1});
        result_.largest_microbatch = size;
        result_.predicted_peak_bytes = result_.memory.at(size);
        result_.measured_peak_bytes = proof.peak_bytes;
        seconds_per_image_ = proof.time_s / static_cast<double>(proof.images);
        return;
      } catch (const OutOfMemory&) {
        if (size == range_.smallest) throw;
        result_.is_limited_by_memory = true;
        size =
            std::max(range_.smallest, static_cast<int64_t>(kRetreat * static_cast<double>(size)));
      }
    }
  }

  // As many micro-batches as take a quarter of a second, or a step.
  int64_t micro_batches_of(int64_t size) const {
    constexpr double kLeastS = 0.25;
    const double one_s = static_cast<double>(size) * seconds_per_image_;
    const int64_t most = std::max<int64_t>(1, result_.largest_microbatch / size);
    return std::clamp(static_cast<int64_t>(std::ceil(kLeastS / one_s)), int64_t{1}, most);
  }

  std::vector<int64_t> affordable(std::vector<int64_t> sizes) const {
    constexpr size_t kFewest = 3;
    const auto round_s = [&] {
      double images = 0;
      for (const int64_t size : sizes) images += static_cast<double>(size * micro_batches_of(size));
      return images * seconds_per_image_;
    };
    while (sizes.size() > kFewest &&
           static_cast<double>(options_.least_rounds) * round_s() > options_.budget_s) {
      sizes.pop_back();
    }
    return sizes;
  }

  // The update belongs to a step of the whole batch, of which a micro-batch has its share.
  void time_round(const std::vector<int64_t>& sizes, bool backwards) {
    const auto batch =
        static_cast<double>(std::max(session_.plan().batch_size, result_.largest_microbatch));
    for (size_t i = 0; i < sizes.size(); ++i) {
      const int64_t size = sizes[backwards ? sizes.size() - 1 - i : i];
      const int64_t count = micro_batches_of(size);
      const run::Probe timed =
          probe(session_,
                {.microbatch = size, .micro_batches = count, .steps = 1, .measures_memory = false});
      seconds_[size].push_back((timed.time_s - timed.update_s) / static_cast<double>(count) +
                               timed.update_s * static_cast<double>(size) / batch);
    }
  }

  // By the newest rounds, which had every one of these sizes.
  std::vector<tuning::Timing> timings_of(const std::vector<int64_t>& sizes) const {
    size_t rounds = SIZE_MAX;
    for (const int64_t size : sizes) rounds = std::min(rounds, seconds_.at(size).size());
    std::vector<tuning::Timing> timings;
    for (const int64_t size : sizes) {
      const std::vector<double>& seconds = seconds_.at(size);
      timings.push_back({size, {seconds.end() - static_cast<ptrdiff_t>(rounds), seconds.end()}});
    }
    return timings;
  }

  // First touches, plans of the libraries and peaks are the first round's, which is not timed.
  void warm_up(const std::vector<int64_t>& sizes) {
    for (const int64_t size : sizes) {
      say(fmt::format("warming up with micro-batches of {}", size));
      peaks_[size] =
          probe(session_, {.microbatch = size, .micro_batches = kAccumulating, .steps = 1})
              .peak_bytes;
    }
  }

  void time_rounds(const std::vector<int64_t>& sizes, int64_t count) {
    for (int64_t round = 0; round < count; ++round, ++rounds_) {
      say(fmt::format("images/s of {} sizes up to {}, round {}", sizes.size(), sizes.back(),
                      rounds_ + 1));
      time_round(sizes, rounds_ % 2 == 1);
    }
  }

  void time_sizes() {
    const Stopwatch watch;
    const int64_t batch = session_.plan().batch_size;
    std::vector<int64_t> sizes = affordable(tuning::sizes_of_steps(
        tuning::sizes_to_time({range_.smallest, result_.largest_microbatch}), batch));
    warm_up(sizes);
    time_rounds(sizes, kRoundsOfAll);
    sizes = tuning::contenders(timings_of(sizes));
    time_rounds(sizes, options_.least_rounds - kRoundsOfAll);
    tuning::Knee found = tuning::find_knee(timings_of(sizes));
    auto closer = tuning::sizes_of_steps(tuning::sizes_near_knee(sizes, found.microbatch), batch);
    std::erase_if(closer, [&](int64_t size) { return seconds_.contains(size); });
    if (!closer.empty() && 2 * watch.elapsed_s() < options_.budget_s) {
      warm_up(closer);
      // All of them again: only sizes of the same rounds can be compared.
      sizes.insert(sizes.end(), closer.begin(), closer.end());
      std::ranges::sort(sizes);
      time_rounds(sizes, options_.least_rounds);
      found = tuning::find_knee(timings_of(sizes));
    }
    for (int64_t done = options_.least_rounds;
         found.needs_more_repeats && done < options_.most_rounds &&
         watch.elapsed_s() < options_.budget_s;
         ++done) {
      time_rounds(sizes, 1);
      found = tuning::find_knee(timings_of(sizes));
    }
    take(found);
  }

  void take(const tuning::Knee& found) {
    result_.microbatch = found.microbatch;
    result_.reason = found.reason;
    result_.rounds = static_cast<int64_t>(seconds_.at(found.microbatch).size());
    const int64_t timed = seconds_.rbegin()->first;
    if (timed < result_.largest_microbatch) {
      result_.reason += fmt::format(
          " Larger ones than {} were not timed: that takes more than the {:.0f} s asked for.",
          timed, options_.budget_s);
    }
    for (const auto& [size, seconds] : seconds_) {
      const auto of_knee = std::ranges::find(found.rates, size, &tuning::Rate::microbatch);
      const tuning::Rate rate =
          of_knee != found.rates.end() ? *of_knee : tuning::rate_of({size, seconds});
      result_.curve.push_back({.microbatch = size,
                               .images_per_s = rate.images_per_s,
                               .peak_bytes = peaks_.at(size),
                               .rounds = static_cast<int64_t>(seconds.size())});
    }
    result_.images_per_s =
        std::ranges::find(found.rates, found.microbatch, &tuning::Rate::microbatch)
            ->images_per_s.median;
  }

  run::Session& session_;
  const MicrobatchOptions& options_;
  tuning::SizeRange range_;
  MicrobatchTuning result_;
  double seconds_per_image_ = 0;
  std::map<int64_t, std::vector<double>> seconds_;  // of a micro-batch, by its size
  std::map<int64_t, int64_t> peaks_;
  int64_t rounds_ = 0;
};

}  // namespace

MemoryFit fit_memory(run::Session& session, int64_t largest, int64_t limit_bytes,
                     const std::function<void(const std::string&)>& say) {
  const tuning::SizeRange range = range_of(session, largest);
  // What no image takes part in, so that one small probe says enough about the next.
  const int64_t fixed = ops::device_memory(session.device).live_bytes + session.memory.gradients;
  MemoryFit fit;
  std::vector<tuning::Probe> probes;
  while (const auto size =
             tuning::next_memory_probe(probes, range, std::max<int64_t>(1, limit_bytes - fixed))) {
    if (say) say(fmt::format("memory of a step with micro-batches of {}", *size));
    run::Probe probed;
    try {
      probed = probe(session, {.microbatch = *size, .micro_batches = kAccumulating});
    } catch (const OutOfMemory& error) {
      if (*size > range.smallest) throw;
      throw OutOfMemory(fmt::format("{}\n{}", error.what(), run::memory_advice(session)));
    }
    fit.seconds_per_image = probed.time_s / static_cast<double>(probed.images);
    probes.push_back(
        {.microbatch = *size, .peak_bytes = std::max<int64_t>(1, probed.peak_bytes - fixed)});
  }
  if (probes.size() >= 2) {
    fit.line = tuning::fit_line(probes);
  } else {  // the smallest size takes half of all there is, or is the only one
    fit.line.bytes_per_image = static_cast<double>(probes.front().peak_bytes) /
                               static_cast<double>(probes.front().microbatch);
  }
  fit.line.base_bytes += static_cast<double>(fixed);
  return fit;
}

tuning::Line fit_evaluation(run::Session& session) {
  std::vector<tuning::Probe> probes;
  for (const int64_t size : {8, 32, 64}) {
    bench::check_interrupt();
    probes.push_back(
        {.microbatch = size, .peak_bytes = run::probe_evaluation(session, size).peak_bytes});
  }
  return tuning::fit_line(probes);
}

MicrobatchTuning tune_microbatch(run::Session& session, const MicrobatchOptions& options) {
  return Search(session, options).run();
}

}  // namespace stoker::autotune

#include "stoker/tuning/knee.h"

#include <algorithm>
#include <cmath>

#include "stoker/core/error.h"

namespace stoker::tuning {
namespace {

// The probability that fewer than k of n values lie below the median, k >= 0.
double below_median(size_t n, size_t k) {
  double term = std::pow(0.5, static_cast<double>(n)), sum = 0;
  for (size_t i = 0; i < k; ++i) {
    sum += term;
    term *= static_cast<double>(n - i) / static_cast<double>(i + 1);
  }
  return sum;
}

void check(std::span<const Timing> timings) {
  STOKER_CHECK(!timings.empty(), "no timings");
  for (const Timing& timing : timings) {
    STOKER_CHECK(timing.microbatch >= 1, "micro-batch {}", timing.microbatch);
    STOKER_CHECK(!timing.seconds.empty() && timing.seconds.size() == timings[0].seconds.size(),
                 "{} rounds of micro-batch {}, {} of {}", timing.seconds.size(), timing.microbatch,
                 timings[0].seconds.size(), timings[0].microbatch);
    for (const double s : timing.seconds)
      STOKER_CHECK(std::isfinite(s) && s > 0, "micro-batch {} took {} s", timing.microbatch, s);
  }
}

double rate(const Timing& timing, size_t round) {
  return static_cast<double>(timing.microbatch) / timing.seconds[round];
}

MedianInterval ratio_to(const Timing& fastest, const Timing& timing, double confidence) {
  std::vector<double> ratios;
  for (size_t i = 0; i < timing.seconds.size(); ++i)
    ratios.push_back(rate(timing, i) / rate(fastest, i));
  return median_interval(ratios, confidence);
}

enum class Verdict { kReaches, kMisses, kUnsure };

Verdict judge(const MedianInterval& ratio, const KneeOptions& options) {
  const bool is_sure = ratio.confidence >= options.confidence;
  if (is_sure && ratio.low >= options.share) return Verdict::kReaches;
  if (is_sure && ratio.high < options.share) return Verdict::kMisses;
  if (!is_sure || ratio.high - ratio.low > options.tolerance) return Verdict::kUnsure;
  return ratio.median >= options.share ? Verdict::kReaches : Verdict::kMisses;
}

std::string words(const MedianInterval& ratio) {
  return fmt::format("{:.1f} % ({:.1f} to {:.1f} %)", 100 * ratio.median, 100 * ratio.low,
                     100 * ratio.high);
}

// Fills in the knee and its reason; returns what is not sure, "" where all is.
std::string choose(Knee& knee, std::span<const Timing> timings, const Timing& fastest,
                   const KneeOptions& options) {
  std::vector<const Timing*> ascending;
  for (const Timing& timing : timings) ascending.push_back(&timing);
  std::sort(ascending.begin(), ascending.end(),
            [](const Timing* a, const Timing* b) { return a->microbatch < b->microbatch; });
  std::string unsure;
  for (const Timing* timing : ascending) {
    if (timing == &fastest && knee.microbatch != 0) continue;
    const MedianInterval ratio = ratio_to(fastest, *timing, options.confidence);
    if (knee.microbatch != 0) {  // a larger one: is the fastest the fastest?
      if (ratio.high * options.share > 1 && ratio.high - ratio.low > options.tolerance &&
          unsure.empty())
        unsure = fmt::format(" But {} may be faster than {}: {}.", timing->microbatch,
                             fastest.microbatch, words(ratio));
      continue;
    }
    const Verdict verdict = timing == &fastest ? Verdict::kReaches : judge(ratio, options);
    if (verdict == Verdict::kUnsure && unsure.empty())
      unsure = fmt::format(" Of {} that is not sure after {} rounds: {}.", timing->microbatch,
                           timing->seconds.size(), words(ratio));
    if (verdict != Verdict::kReaches) continue;
    knee.microbatch = timing->microbatch;
    knee.reason =
        timing == &fastest
            ? fmt::format("{} is the fastest, and no smaller one surely reaches {:.0f} % of it.",
                          timing->microbatch, 100 * options.share)
            : fmt::format("{} reaches {} of the rate of {}, the fastest.", timing->microbatch,
                          words(ratio), fastest.microbatch);
  }
  return unsure;
}

}  // namespace

MedianInterval median_interval(std::span<const double> values, double confidence) {
  STOKER_CHECK(!values.empty(), "no values");
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const size_t n = sorted.size();
  MedianInterval interval;
  interval.median = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  // From the k-th smallest to the k-th largest: the narrowest that is as sure as asked.
  size_t k = 1;
  while (2 * (k + 1) <= n && 1 - 2 * below_median(n, k + 1) >= confidence) ++k;
  interval.low = sorted[k - 1];
  interval.high = sorted[n - k];
  interval.confidence = n == 1 ? 0 : 1 - 2 * below_median(n, k);
  return interval;
}

Rate rate_of(const Timing& timing, const KneeOptions& options) {
  std::vector<double> values;
  for (size_t i = 0; i < timing.seconds.size(); ++i) values.push_back(rate(timing, i));
  return {timing.microbatch, median_interval(values, options.confidence)};
}

std::vector<int64_t> contenders(std::span<const Timing> timings, double share) {
  check(timings);
  std::vector<int64_t> found;
  for (size_t round = 0; round < timings[0].seconds.size(); ++round) {
    double best = 0;
    for (const Timing& timing : timings) best = std::max(best, rate(timing, round));
    for (const Timing& timing : timings)
      if (rate(timing, round) >= share * best) found.push_back(timing.microbatch);
  }
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

Knee find_knee(std::span<const Timing> timings, const KneeOptions& options) {
  check(timings);
  Knee knee;
  for (const Timing& timing : timings) knee.rates.push_back(rate_of(timing, options));
  const size_t best =
      static_cast<size_t>(std::max_element(knee.rates.begin(), knee.rates.end(),
                                           [](const Rate& a, const Rate& b) {
                                             return a.images_per_s.median < b.images_per_s.median;
                                           }) -
                          knee.rates.begin());
  const Timing& fastest = timings[best];
  knee.fastest = fastest.microbatch;
  const std::string unsure = choose(knee, timings, fastest, options);
  const bool is_one = timings.size() == 1;
  knee.needs_more_repeats =
      !unsure.empty() || (!is_one && knee.rates[0].images_per_s.confidence < options.confidence);
  knee.reason += unsure;
  return knee;
}

}  // namespace stoker::tuning

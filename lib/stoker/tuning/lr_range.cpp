#include "stoker/tuning/lr_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "stoker/core/error.h"

namespace stoker::tuning {
namespace {

// Losses of the first steps, which the smoothing has seen too little of to be lost.
constexpr size_t kFirstSteps = 5;
// Points on either side of the one whose slope is fitted.
constexpr size_t kSlopeReach = 3;
// The loss has fallen when its smoothed course fell by so many times what that course scatters, and
// by this share: the largest of a hundred values that are no more than noise lies three from the
// mean, and both ends of the fall may.
constexpr double kFallInScatters = 5, kFallShare = 0.02;

// The bias-corrected average with weights that fall by `keep` a step to either side.
std::vector<double> smooth(std::span<const LrPoint> points, double keep) {
  std::vector<double> sums(points.size()), weights(points.size());
  const auto pass = [&](auto index) {
    double sum = 0, weight = 0;
    for (size_t i = 0; i < points.size(); ++i) {
      const size_t at = index(i);
      sums[at] += keep * sum;  // of those passed; the point itself comes last
      weights[at] += keep * weight;
      sum = keep * sum + points[at].loss;
      weight = keep * weight + 1;
    }
  };
  pass([](size_t i) { return i; });
  pass([&](size_t i) { return points.size() - 1 - i; });
  for (size_t i = 0; i < points.size(); ++i)
    sums[i] = (sums[i] + points[i].loss) / (weights[i] + 1);
  return sums;
}

// Least squares of the smoothed loss over ln(rate) around point i.
double slope(std::span<const LrPoint> points, size_t i) {
  const size_t begin = i < kSlopeReach ? 0 : i - kSlopeReach;
  const size_t end = std::min(points.size(), i + kSlopeReach + 1);
  const auto n = static_cast<double>(end - begin);
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0;
  for (size_t j = begin; j < end; ++j) {
    mean_x += std::log(points[j].lr) / n;
    mean_y += points[j].smoothed / n;
  }
  for (size_t j = begin; j < end; ++j) {
    const double x = std::log(points[j].lr) - mean_x;
    xx += x * x;
    xy += x * (points[j].smoothed - mean_y);
  }
  return xx > 0 ? xy / xx : 0;
}

// Of the losses around their smoothed course; steps apart, so that the course itself counts little.
double scatter(std::span<const LrPoint> points) {
  std::vector<double> jumps;
  for (size_t i = 1; i < points.size(); ++i)
    jumps.push_back(std::abs(points[i].loss - points[i - 1].loss));
  if (jumps.empty()) return 0;
  std::nth_element(jumps.begin(), jumps.begin() + static_cast<int64_t>(jumps.size() / 2),
                   jumps.end());
  return jumps[jumps.size() / 2] / (0.6745 * std::sqrt(2.0));  // of a normal distribution
}

// Two losses in a row so far above those of the first steps, for their size and their scatter, that
// what the steps had learned is gone: a network may collapse there and its loss come down again.
bool is_worse_than_untrained(std::span<const LrPoint> points) {
  constexpr double kShare = 0.1, kScatters = 5;
  constexpr size_t kStart = 2 * kFirstSteps;
  if (points.size() < 2 * kStart) return false;
  double start = 0;
  for (size_t i = 0; i < kStart; ++i) start += points[i].loss / kStart;
  const double bound = start + std::max(kShare * std::abs(start), kScatters * scatter(points));
  return points[points.size() - 1].loss > bound && points[points.size() - 2].loss > bound;
}

// The first point of the climb in which the loss was lost.
size_t climb_begin(std::span<const LrPoint> points) {
  size_t i = points.size() - 1;
  while (i > 0 && !(points[i - 1].loss >= points[i].loss)) --i;
  return i;
}

}  // namespace

LrRangeTest::LrRangeTest(const LrRangeOptions& options) : options_(options) {
  STOKER_CHECK(options.steps >= 2 && options.first > 0 && options.first < options.last,
               "{} steps from {} to {}", options.steps, options.first, options.last);
}

double LrRangeTest::rate() const {
  const double part = static_cast<double>(points_.size()) / static_cast<double>(options_.steps - 1);
  return options_.first * std::pow(options_.last / options_.first, part);
}

void LrRangeTest::note(double loss) {
  STOKER_CHECK(!is_over_, "a loss after the {} of the test", points_.size());
  points_.push_back({.lr = rate(), .loss = loss});
  average_ = options_.smoothing * average_ + loss;
  average_weight_ = options_.smoothing * average_weight_ + 1;
  const double smoothed = average_ / average_weight_;
  if (points_.size() == 1 || smoothed < best_) best_ = smoothed;
  is_lost_ = !std::isfinite(loss) || is_worse_than_untrained(points_) ||
             (points_.size() > kFirstSteps && smoothed > options_.lost_factor * best_);
  is_over_ = is_lost_ || points_.size() == static_cast<size_t>(options_.steps);
}

LrRange LrRangeTest::result() const {
  LrRange range{.points = points_};
  if (points_.empty()) {
    range.reason = "No suggestion: no step was taken.";
    return range;
  }
  size_t usable = points_.size();
  if (is_lost_) {
    const size_t begin = climb_begin(points_);
    usable = begin + 1;
    // The loss of a step is that before its update: the one at `begin` made the next loss larger.
    const size_t previous = begin == 0 ? 0 : begin - 1;
    range.diverges_at = std::sqrt(points_[previous].lr * points_[begin].lr);
  }
  const std::span<const LrPoint> before(range.points.data(), usable);
  const std::vector<double> smoothed = smooth(before, options_.smoothing);
  for (size_t i = 0; i < range.points.size(); ++i)
    range.points[i].smoothed = i < usable ? smoothed[i] : range.points[i].loss;
  if (usable <= 2 * kSlopeReach) {
    range.reason = fmt::format(
        "No suggestion: only {} steps came before the loss was lost; begin with a lower rate than "
        "{:.3g}.",
        usable, options_.first);
    return range;
  }
  const double lowest = *std::min_element(smoothed.begin(), smoothed.end());
  const double fall = smoothed.front() - lowest;
  const double keep = options_.smoothing;  // of an average whose weights fall by it
  const double scatter_of_average = scatter(before) * std::sqrt((1 - keep) / (1 + keep));
  if (fall < kFallInScatters * scatter_of_average ||
      fall < kFallShare * std::abs(smoothed.front())) {
    range.reason = fmt::format(
        "No suggestion: the loss fell from {:.4g} to {:.4g} at the lowest, which is no more than "
        "it scatters; train some steps first, or take more of them.",
        smoothed.front(), lowest);
    return range;
  }
  size_t steepest = 0;
  double lowest_slope = 0;
  for (size_t i = 0; i < usable; ++i)
    if (const double here = slope(before, i); here < lowest_slope)
      steepest = i, lowest_slope = here;
  range.steepest = points_[steepest].lr;
  range.suggestion = range.steepest;
  range.reason = fmt::format("The loss falls fastest at a rate of {:.3g}", *range.steepest);
  if (range.diverges_at) {
    range.suggestion = std::min(*range.steepest, *range.diverges_at / 10);
    range.reason += fmt::format(" and diverges from {:.3g} on, a tenth of which is {:.3g}",
                                *range.diverges_at, *range.diverges_at / 10);
  } else {
    range.reason += fmt::format(" and does not diverge up to {:.3g}", points_.back().lr);
  }
  range.reason += '.';
  return range;
}

}  // namespace stoker::tuning

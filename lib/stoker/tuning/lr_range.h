// The learning-rate range test (Smith, "Cyclical Learning Rates for Training Neural Networks",
// WACV 2017, section 3.3): training steps at exponentially rising rates, and what their losses say.
//
//   LrRangeTest test({.steps = 100});
//   while (!test.is_over()) test.note(step(test.rate()).loss);
//   const LrRange range = test.result();
//   range.steepest;     // rate at which the loss falls fastest per factor of the rate
//   range.diverges_at;  // rate from which on it rose until it was lost
//   range.reason;       // why there is no suggestion
//
// The rates are factors of nothing: a caller with several groups multiplies each group's own
// factor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stoker::tuning {

struct LrRangeOptions {
  double first = 1e-6, last = 10;  // of the rates, first < last
  int64_t steps = 100;             // at least 2
  double smoothing = 0.9;          // of the loss: weight of what came before
  double lost_factor = 4;  // the test ends where the smoothed loss is so many times the best, or
                           // well above that of the first steps
};

struct LrPoint {
  double lr = 0;
  double loss = 0;      // as noted; may be NaN at the end
  double smoothed = 0;  // forth and back, so that it lags neither way
};

struct LrRange {
  std::vector<LrPoint> points;
  std::optional<double> steepest;     // unset where the loss fell no further than it scatters
  std::optional<double> diverges_at;  // unset where the loss stayed in bounds up to the last rate
  // The smaller of `steepest` and a tenth of `diverges_at`.
  std::optional<double> suggestion;
  std::string reason;  // one sentence: how the suggestion came about, or why there is none
};

class LrRangeTest {
 public:
  explicit LrRangeTest(const LrRangeOptions& options);
  // After the last rate, or a loss that is lost or not finite.
  bool is_over() const { return is_over_; }
  double rate() const;  // of the step that comes next
  // The loss of the step at rate(), as its forward pass had it, before the update.
  void note(double loss);
  LrRange result() const;

 private:
  LrRangeOptions options_;
  std::vector<LrPoint> points_;
  double average_ = 0, average_weight_ = 0, best_ = 0;  // the average not yet divided by its weight
  bool is_over_ = false, is_lost_ = false;
};

}  // namespace stoker::tuning

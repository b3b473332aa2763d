// The gradient noise scale by the two-batch estimator (McCandlish et al., "An Empirical Model of
// Large-Batch Training", 2018, appendix A.1): from the squared norms of a micro-batch's gradient
// and of the whole batch's, both of which accumulation has anyway.
//
//   NoiseScale noise;
//   noise.note({.small_squared = norm_of_one * norm_of_one, .big_squared = norm * norm,
//               .small_batch = 32, .big_batch = 256});
//   noise.b_simple();       // tr(Sigma) / |G|^2, in images
//   noise.advice(256);      // a sentence
//
//   |G|^2     = (B |g_B|^2 - b |g_b|^2) / (B - b)
//   tr(Sigma) = (|g_b|^2 - |g_B|^2) / (1/b - 1/B)
//
// Numerator and denominator are averaged apart: each is unbiased, while the ratio of one step is
// not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace stoker::tuning {

struct GradientNorms {
  double small_squared = 0;                // |g_b|^2 of one micro-batch, or the mean over several
  double big_squared = 0;                  // |g_B|^2
  int64_t small_batch = 0, big_batch = 0;  // images, 1 <= b < B
};

// What a checkpoint keeps.
struct NoiseAverages {
  double gradient_squared = 0, noise = 0, weight = 0;  // sums, not yet divided by the weight
  int64_t steps = 0;
};

class NoiseScale {
 public:
  // keep: of the averages, from step to step; 0.99 looks back over some hundred steps.
  explicit NoiseScale(double keep = 0.99) : keep_(keep) {}

  // Steps whose norms are not finite are passed over, as the update skips them. Throws
  // InternalError unless 1 <= small_batch < big_batch.
  void note(const GradientNorms& norms);

  std::optional<double> gradient_squared() const;  // |G|^2
  std::optional<double> noise() const;             // tr(Sigma)
  // Unset before kLeastSteps steps, and where the gradient is lost in its noise.
  std::optional<double> b_simple() const;

  // One sentence for this effective batch; says so where there is no estimate yet.
  std::string advice(int64_t batch) const;

  static constexpr int64_t kLeastSteps = 10;
  // The estimate as a proxy of the critical batch has been found wanting; print this with it.
  static constexpr const char* kCaveat =
      "The noise scale is an estimate that grows during training and ignores the optimizer; "
      "`stoker tune --critical-batch RUN` measures instead.";

  const NoiseAverages& averages() const { return averages_; }
  void restore(const NoiseAverages& averages) { averages_ = averages; }

 private:
  double keep_;
  NoiseAverages averages_;
};

}  // namespace stoker::tuning

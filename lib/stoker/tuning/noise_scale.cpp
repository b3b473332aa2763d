#include "stoker/tuning/noise_scale.h"

#include <cmath>

#include "stoker/core/error.h"
#include "stoker/core/text.h"

namespace stoker::tuning {

void NoiseScale::note(const GradientNorms& norms) {
  STOKER_CHECK(norms.small_batch >= 1 && norms.small_batch < norms.big_batch,
               "micro-batch {} of a batch of {}", norms.small_batch, norms.big_batch);
  if (!std::isfinite(norms.small_squared) || !std::isfinite(norms.big_squared)) return;
  const auto small = static_cast<double>(norms.small_batch);
  const auto big = static_cast<double>(norms.big_batch);
  const double squared = (big * norms.big_squared - small * norms.small_squared) / (big - small);
  const double noise = (norms.small_squared - norms.big_squared) / (1 / small - 1 / big);
  averages_.gradient_squared = keep_ * averages_.gradient_squared + squared;
  averages_.noise = keep_ * averages_.noise + noise;
  averages_.weight = keep_ * averages_.weight + 1;
  ++averages_.steps;
}

std::optional<double> NoiseScale::gradient_squared() const {
  if (averages_.weight == 0) return std::nullopt;
  return averages_.gradient_squared / averages_.weight;
}

std::optional<double> NoiseScale::noise() const {
  if (averages_.weight == 0) return std::nullopt;
  return averages_.noise / averages_.weight;
}

std::optional<double> NoiseScale::b_simple() const {
  if (averages_.steps < kLeastSteps) return std::nullopt;
  if (!(averages_.gradient_squared > 0) || !(averages_.noise > 0)) return std::nullopt;
  return averages_.noise / averages_.gradient_squared;
}

std::string NoiseScale::advice(int64_t batch) const {
  const std::optional<double> scale = b_simple();
  if (!scale && averages_.steps < kLeastSteps)
    return fmt::format("No noise scale yet: {} of {} steps with at least two micro-batches.",
                       averages_.steps, kLeastSteps);
  if (!scale)
    return fmt::format(
        "After {} steps the gradient is lost in its noise: a larger batch than {} pays.",
        averages_.steps, batch);
  // McCandlish's equation 2.7: a step's progress over that of a step with unlimited images.
  const double of_a_step = 1 / (1 + *scale / static_cast<double>(batch));
  return fmt::format(
      "The gradient noise scale is about {} images, beyond which more images a step stop paying: a "
      "step of {} makes {:.0f} % of the progress that one of unlimited images would.",
      human_count(std::llround(*scale)), human_count(batch), 100 * of_a_step);
}

}  // namespace stoker::tuning

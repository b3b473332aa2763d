// The gradient noise scale of a run while it trains (tuning/noise_scale.h), from steps of at least
// two micro-batches: the norm of the gradients after the first, and of those of the whole step.
// Neither needs a pass of its own, and the training stays what it is without the algorithm, bit for
// bit. The value stands in the log lines; at the end of the run a sentence says what it means.
#pragma once

#include <memory>

#include "stoker/config/fields.h"
#include "stoker/train/events.h"

namespace stoker::algorithms {

struct NoiseScaleOptions {
  double keep = 0.99;
};
void describe(NoiseScaleOptions& options, config::Fields& fields);

std::unique_ptr<train::Algorithm> make_noise_scale(const NoiseScaleOptions& options,
                                                   train::State& state);

}  // namespace stoker::algorithms

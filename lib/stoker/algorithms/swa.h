// Stochastic weight averaging (Izmailov et al., "Averaging Weights Leads to Wider Optima and Better
// Generalization", UAI 2018): the plain mean of the weights at the ends of the last epochs, which
// is evaluated and saved as the model, while training goes on with the weights themselves.
//
// The running statistics of batch norms are taken again for each mean (train/renew_norms.h), from
// the training images that the next epoch begins with. Before the first mean the model is its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "stoker/config/fields.h"
#include "stoker/train/events.h"
#include "stoker/train/feed.h"

namespace stoker::algorithms {

struct SwaOptions {
  double start = 0.75;  // of the run
  int64_t every_epochs = 1;
  std::optional<double> lr;
  double anneal_epochs = 1;
  int64_t norm_images = 10'000;
};
void describe(SwaOptions& options, config::Fields& fields);

// train: what training sees. Throws ConfigError where no epoch ends after the start, and for a
// model whose norms it cannot renew.
std::unique_ptr<train::Algorithm> make_swa(const SwaOptions& options, train::State& state,
                                           train::Source train, train::Precision precision);

}  // namespace stoker::algorithms

// Exponential moving average of the weights (Polyak averaging), used for evaluation and saved as
// the model, while training goes on with the weights themselves.
//
//   average += (1 - d) (weight - average),  d = min(decay, (1 + steps) / (10 + steps))
//
// Averages of further decays can be kept beside it, for `stoker eval` to choose among
// (eval.average): which decay is best is known when training has ended.
//
// The warm-up of d lets the average forget the initial weights. Floating-point buffers (running
// statistics of batch norm) are averaged in the same way.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stoker/config/fields.h"
#include "stoker/train/events.h"

namespace stoker::algorithms {

struct EmaOptions {
  double decay = 0.999;
  std::vector<double> more_decays;
  int64_t every_steps = 1;
};
void describe(EmaOptions& options, config::Fields& fields);

// "ema/0.99/": what the names of that average's tensors begin with in a checkpoint's optimizer
// state, behind "algorithm/".
std::string average_prefix(double decay);

// Throws ConfigError for a decay that is given twice.
std::unique_ptr<train::Algorithm> make_ema(const EmaOptions& options, train::State& state);

}  // namespace stoker::algorithms

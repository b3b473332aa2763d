// Evaluates and saves the weights that the optimizer names for it (schedule-free optimizers: the
// mean of those that it moved), while training goes on with the parameters. Statistics of batch
// norms are taken again for them before each evaluation; what training has is put back.
#pragma once

#include <memory>

#include "stoker/train/events.h"
#include "stoker/train/feed.h"

namespace stoker::algorithms {

// state's optimizer must have evaluation weights; train: what training sees. Throws ConfigError for
// a model whose batch norms cannot be reached.
std::unique_ptr<train::Algorithm> make_optimizer_mean(train::State& state, train::Source train,
                                                      train::Precision precision);

}  // namespace stoker::algorithms

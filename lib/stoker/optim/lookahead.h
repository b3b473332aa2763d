// Slow weights behind those that an optimizer moves (Zhang et al., "Lookahead optimizer: k steps
// forward, 1 step back", NeurIPS 2019, algorithm 1): after every k steps
//
//   slow += alpha (weights - slow);  weights = slow
#pragma once

#include <memory>

#include "stoker/optim/optimizer.h"

namespace stoker::optim {

// `fast` itself where every_steps is unset. The state has "slow/<parameter>" and "lookahead/step"
// beside that of `fast`. Throws ConfigError where `fast` has evaluation weights of its own.
std::unique_ptr<Optimizer> with_lookahead(std::unique_ptr<Optimizer> fast,
                                          const LookaheadOptions& options);

}  // namespace stoker::optim

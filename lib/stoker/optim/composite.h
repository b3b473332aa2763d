// Several optimizers as one, each for parameters of its own.
#pragma once

#include <memory>
#include <vector>

#include "stoker/optim/optimizer.h"

namespace stoker::optim {

// The first is the one whose rate is named as the run's. Where memory runs out once the first has
// moved its parameters, TornUpdate is thrown.
std::unique_ptr<Optimizer> make_composite(std::vector<std::unique_ptr<Optimizer>> parts);

}  // namespace stoker::optim

// The optimizer of a run, from what its config says under `optimizer:`.
#pragma once

#include <memory>
#include <vector>

#include "stoker/optim/optimizer.h"

namespace stoker::optim {

// `choice`, of optimizers(), for the groups that name no other; each of the others that they name
// for its groups, all as one.
std::unique_ptr<Optimizer> build_optimizer(const config::Choice& choice,
                                           std::vector<ParameterGroup> groups);

}  // namespace stoker::optim

// An optimizer of the parameters of one stage of a pipeline, as part of that of the whole network.
//
// Checkpoints are those of one process: gather_state() brings what all stages have to the first.
#pragma once

#include <memory>

#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"
#include "stoker/parallel/stage.h"

namespace stoker::parallel {

// inner: of this stage's parameters. stage and model must outlive it. Norms, what is not finite,
// and gather_state() are of all stages: all ranks call them.
std::unique_ptr<optim::Optimizer> make_staged(Stage& stage, models::Model& model,
                                              std::unique_ptr<optim::Optimizer> inner);

}  // namespace stoker::parallel

// An optimizer whose state is divided among the ranks of a training: stage 1 of ZeRO (Rajbhandari
// et al. 2020, "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models",
// section 5.1).
//
// The values of all parameters, one after another, are cut into as many equal parts as there are
// ranks. Each rank keeps state for its part and moves it; then all parts go to all ranks. Every
// optimizer that treats each value by itself comes to the same values as undivided.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "stoker/dist/group.h"
#include "stoker/optim/division.h"
#include "stoker/optim/optimizer.h"

namespace stoker::optim {

using BuildOptimizer = std::function<std::unique_ptr<Optimizer>(std::vector<ParameterGroup>)>;

// build: makes an optimizer of this rank's parts, which are tensors of one dimension under their
// parameters' names. groups: of dense parameters of one device and dtype; throws ConfigError for
// others. group must outlive it. step() and gather_state() are called by all ranks.
std::unique_ptr<Optimizer> make_sharded(dist::Group& group, std::vector<ParameterGroup> groups,
                                        const BuildOptimizer& build);

// The same over parts that `division` makes (stages 2 and 3: parallel/shards.h).
std::unique_ptr<Optimizer> make_sharded(dist::Group& group, std::vector<ParameterGroup> groups,
                                        const BuildOptimizer& build,
                                        std::shared_ptr<Division> division);

}  // namespace stoker::optim

// What dist.shard asks of a run: what goes with it, and the division itself.
#pragma once

#include <memory>

#include "stoker/dist/group.h"
#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"
#include "stoker/parallel/shards.h"
#include "stoker/run/run_config.h"

namespace stoker::run {

// Throws ConfigError, naming both keys, where something looks at whole gradients or parameters that
// would be divided, on however many ranks the file is to run.
void check_sharding(const RunConfig& config);
// The same of the optimizer that was built.
void check_sharding(const RunConfig& config, optim::Optimizer& optimizer);

// Where parameters are divided, ranks wait for each other within a pass, and a step that does not
// fit cannot be taken again: says so, and fixes memory.microbatch.
void fix_microbatch_of_shards(RunConfig& config, const dist::Group& group);

// Of gradients, or parameters too; nothing where those stay whole. group and model must outlive it.
std::shared_ptr<parallel::Shards> build_shards(const RunConfig& config, models::Model& model,
                                               const models::ModelContext& context,
                                               dist::Group& group);

}  // namespace stoker::run

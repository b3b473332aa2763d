// What dist.mesh.pipeline asks of a run: what goes with it, and which blocks a stage has.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stoker/dist/mesh.h"
#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"
#include "stoker/parallel/stage.h"
#include "stoker/run/run_config.h"
#include "stoker/train/plan.h"

namespace stoker::run {

// Throws ConfigError, naming both keys, where something looks at the network, or at a micro-batch
// and its loss, as a whole.
void check_pipeline(const RunConfig& config);
// The same of the optimizer that was built.
void check_pipeline(const RunConfig& config, optim::Optimizer& optimizer);

// Stages wait for each other within a step, so that one that does not fit cannot be taken again:
// says so, and fixes memory.microbatch.
void fix_microbatch_of_stages(RunConfig& config, const dist::Mesh& mesh);

struct Pipeline {
  std::unique_ptr<parallel::Stage> stage;  // none: this rank has all of the network
  std::vector<parallel::StageFacts> facts;
};

// Where dist.pipeline.split is empty, the first rank measures the blocks' times and tells the
// others. mesh and model must outlive it. Throws ConfigError where the model cannot be cut so.
Pipeline build_pipeline(const RunConfig& config, models::Model& model,
                        const models::ModelContext& context, dist::Mesh& mesh);

// "2 stages: …", for the plan.
std::string stages_text(const Pipeline& pipeline, const train::StepPlan& plan);

}  // namespace stoker::run

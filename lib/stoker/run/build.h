// From a configuration to the objects of a run, one function each.
#pragma once

#include <memory>

#include "stoker/algorithms/table.h"
#include "stoker/dist/group.h"
#include "stoker/models/model.h"
#include "stoker/optim/division.h"
#include "stoker/optim/optimizer.h"
#include "stoker/optim/schedule.h"
#include "stoker/parallel/stage.h"
#include "stoker/run/run_config.h"
#include "stoker/train/events.h"
#include "stoker/train/feed.h"
#include "stoker/train/plan.h"

namespace stoker::run {

// Data set, augmentation and loader of one split. Validation gets eval.augment, or the training
// list without its randomness.
train::Source open_source(const RunConfig& config, data::Split split);

// The images of one split, made ready as validation images are.
train::Source evaluation_source(const RunConfig& config, data::Split split);

// Images without labels, made ready as validation images are; unreadable ones are passed over.
train::Source unlabelled_source(const RunConfig& config,
                                std::shared_ptr<const data::Dataset> images);

// The augmentations of training, or those of evaluation; throws ConfigError.
augment::PipelineSchedule build_pipelines(const RunConfig& config, data::Split split);

// What the network will see: classes, and the size that the augmentation makes of the first image.
models::ModelContext model_context(const train::Source& source);

// With initial weights from config.seed, on the device, in the memory format of the config.
std::shared_ptr<models::Model> build_model(const RunConfig& config,
                                           const models::ModelContext& context, at::Device device);

// What memory.checkpoint asks of a model; kNone for auto, until it is settled.
models::Recompute recompute_rung(train::CheckpointMode mode);

// Throws ConfigError where images of several sizes meet a model that takes one.
void check_sizes(const RunConfig& config, const augment::PipelineSchedule& pipelines,
                 const models::Model& model);

// The fewest images that the model can be trained on at a time, at the smallest size that
// `pipelines` make. Throws ConfigError where the plan has micro-batches of fewer.
int64_t check_smallest_batch(const augment::PipelineSchedule& pipelines, models::Model& model,
                             models::ModelContext context, const train::StepPlan& plan);

// Lets a model that computes weights from data do so (airbench's whitening).
void initialize_from_data(models::Model& model, const train::Source& train,
                          const train::Source& val, at::Device device);

// Divided among the ranks of `group` where dist.shard says so; by `shards` where gradients are
// (sharding.h). stage: of a pipeline, whose parameters alone it moves.
std::unique_ptr<optim::Optimizer> build_optimizer(const RunConfig& config, models::Model& model,
                                                  dist::Group& group = dist::alone(),
                                                  std::shared_ptr<optim::Division> shards = {},
                                                  parallel::Stage* stage = nullptr);

optim::Schedule build_schedule(const RunConfig& config, const train::StepPlan& plan);

// Throws ConfigError where one is listed twice, or two want to decide what evaluation sees.
train::Algorithms build_algorithms(const RunConfig& config,
                                   const algorithms::AlgorithmContext& context);

}  // namespace stoker::run

// From a configuration to the objects of a run, one function each.
#pragma once

#include <memory>

#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"
#include "stoker/optim/schedule.h"
#include "stoker/run/run_config.h"
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

// What the network will see: classes, and the size that the augmentation makes of the first image.
models::ModelContext model_context(const train::Source& source);

// With initial weights from config.seed, on the device, in the memory format of the config.
std::shared_ptr<models::Model> build_model(const RunConfig& config,
                                           const models::ModelContext& context, at::Device device);

// Lets a model that computes weights from data do so (airbench's whitening).
void initialize_from_data(models::Model& model, const train::Source& train,
                          const train::Source& val, at::Device device);

std::unique_ptr<optim::Optimizer> build_optimizer(const RunConfig& config, models::Model& model);

optim::Schedule build_schedule(const RunConfig& config, const train::StepPlan& plan);

}  // namespace stoker::run

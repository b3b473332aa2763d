// What a configuration is refused for whatever its data hold.
#pragma once

#include <memory>
#include <string>

#include "stoker/models/model.h"
#include "stoker/run/run_config.h"
#include "stoker/train/plan.h"

namespace stoker::run {

// Builds everything but the data: the augmentations, the model for images of the size that they
// make, its optimizer, schedule and algorithms. What a start of training refuses without looking at
// data is refused here with the same words.
//
//   ConfigCheck check;
//   for (const RunConfig& config : trials) check(config);   // a model that several share is built
//   once
class ConfigCheck {
 public:
  // Throws ConfigError, and OutOfMemory for a model that does not fit here.
  void operator()(const RunConfig& config);

 private:
  // What the model, its optimizer and its algorithms refuse.
  void check_built(const RunConfig& config, const RunConfig& with_batch,
                   const augment::PipelineSchedule& pipelines, const train::StepPlan& plan);
  models::Model& model_of(const RunConfig& config, const models::ModelContext& context);

  std::string built_for_;  // all that the model depends on
  std::shared_ptr<models::Model> model_;
};

inline void check_config(const RunConfig& config) { ConfigCheck()(config); }

}  // namespace stoker::run

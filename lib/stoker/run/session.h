// Every object of a training run, built from its configuration and ready to start.
#pragma once

#include <memory>
#include <string>

#include "stoker/run/build.h"

namespace stoker::run {

struct Session {
  RunConfig config;
  at::Device device{at::kCPU};
  train::Source train;
  train::Source val;
  models::ModelContext context;
  std::shared_ptr<models::Model> model;
  std::unique_ptr<optim::Optimizer> optimizer;
  std::unique_ptr<optim::GradScaler> scaler;  // fp16 only
  train::StepPlan plan;
};

// Opens the data, builds the model and the rest. Weights computed from data are not set yet.
Session build_session(RunConfig config);

// What the run will be, for a person: data, model with parameters and FLOPs, memory, steps.
std::string plan_text(const Session& session);

}  // namespace stoker::run

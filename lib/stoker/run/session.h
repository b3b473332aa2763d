// Every object of a training run, built from its configuration and ready to start.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "stoker/run/build.h"
#include "stoker/run/initial_weights.h"
#include "stoker/train/trainer.h"

namespace stoker::run {

struct Session {
  RunConfig config;
  at::Device device{at::kCPU};
  train::Source train;
  train::Source val;
  models::ModelContext context;
  std::shared_ptr<models::Model> model;
  models::FrozenParameters frozen;        // model.freeze
  std::optional<InitialWeights> weights;  // model.weights, once loaded
  std::unique_ptr<optim::Optimizer> optimizer;
  std::unique_ptr<optim::GradScaler> scaler;  // fp16 only
  train::StepPlan plan;
};

// Opens the data, builds the model and the rest. Weights computed from data are not set yet.
Session build_session(RunConfig config);

// Loads model.weights where the config names any. For a run that begins, not one that goes on: its
// checkpoint holds all weights.
void begin_with_weights(Session& session);

// A state at step 0 that refers to the session's objects.
train::State new_state(const Session& session);

// What a trainer over `state` is made of; checkpoints and logs are the caller's to add.
train::TrainerParts trainer_parts(const Session& session, train::State& state);
train::TrainerOptions trainer_options(const RunConfig& config);

// What the run will be, for a person: data, model with parameters and FLOPs, memory, steps.
std::string plan_text(const Session& session);

}  // namespace stoker::run

// Every object of a training run, built from its configuration and ready to start: what a
// configuration, its data or its weights are refused for is refused here, before anything is
// written.
//
//   Session session = build_session(config);
//   train::Trainer trainer(trainer_parts(session), session.schedule, trainer_options(config));
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "stoker/dist/mesh.h"
#include "stoker/nn/norm_peers.h"
#include "stoker/parallel/shards.h"
#include "stoker/run/build.h"
#include "stoker/run/initial_weights.h"
#include "stoker/run/memory_parts.h"
#include "stoker/run/pipelining.h"
#include "stoker/train/trainer.h"

namespace stoker::run {

struct Session {
  RunConfig config;              // with auto replaced by what it means here
  std::string precision_reason;  // of train.precision: auto
  dist::Group* group = &dist::alone();
  std::unique_ptr<dist::Mesh> mesh;  // of its ranks
  at::Device device{at::kCPU};
  train::Source train;
  train::Source val;
  models::ModelContext context;
  std::shared_ptr<models::Model> model;
  models::FrozenParameters frozen;                     // model.freeze
  std::optional<InitialWeights> weights;               // model.weights, of a run that begins
  std::shared_ptr<const algorithms::Teacher> teacher;  // of distillation
  Pipeline pipeline;                                   // of dist.mesh.pipeline, on ranks
  std::shared_ptr<parallel::Shards> shards;  // of dist.shard: gradients or parameters, on ranks
  std::unique_ptr<optim::Optimizer> optimizer;
  std::unique_ptr<optim::GradScaler> scaler;  // fp16 only
  optim::Schedule schedule;
  losses::LossContext loss_weights;
  std::unique_ptr<train::State> state;  // at step 0; refers to the objects above
  train::Algorithms algorithms;
  MemoryParts memory;                         // of the model as it was built
  std::shared_ptr<nn::NormPeers> norm_peers;  // of train.batch_norm: sync

  const train::StepPlan& plan() const { return state->facts.plan; }
};

// Opens the data, builds the model and the rest. A run that begins gets model.weights, or what a
// model computes from the data (airbench's whitening); one that goes on is to get all weights from
// `checkpoint`. `group` must outlive the session; what dist.mesh asks for is made of it, else
// nothing is exchanged here. Throws ConfigError, DataError, DeviceError and OutOfMemory.
Session build_session(RunConfig config, const train::CheckpointContent* checkpoint = nullptr,
                      dist::Group& group = dist::alone());

// Gives a session that stands at its beginning other micro-batches; all else stays.
void use_microbatch(Session& session, int64_t microbatch);

// train.batch_norm: sync, dist.shard and dist.mesh.pipeline take effect from here on: passes of
// training wait for the other ranks, so that none may be made by one of them alone.
void connect_ranks(Session& session);

// What a trainer works on; checkpoints are the caller's to add. The session must outlive it.
train::TrainerParts trainer_parts(Session& session);
// Logs and config_yaml are the caller's to add.
train::TrainerOptions trainer_options(const RunConfig& config);

// What the run will be, for a person: data, model with parameters and FLOPs, memory, steps.
std::string plan_text(const Session& session);

}  // namespace stoker::run

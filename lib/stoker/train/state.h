// What events act on: the objects of a run, what is fixed about it, and where it stands.
//
// Three lifetimes, one struct each: RunFacts never change, Position is what a checkpoint brings
// back, and the rest is what the run has reported so far. A micro-batch is none of them
// (micro_batch.h).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stoker/metrics/classification.h"
#include "stoker/metrics/guesses.h"
#include "stoker/models/model.h"
#include "stoker/optim/grad_scaler.h"
#include "stoker/optim/optimizer.h"
#include "stoker/train/machine_line.h"
#include "stoker/train/plan.h"
#include "stoker/train/position.h"

namespace stoker::train {

struct RunFacts {
  StepPlan plan;
  uint64_t seed = 0;
  // Kept in checkpoints: what a label means, and what the model was built for.
  std::vector<std::string> class_names;
  models::ModelContext context;
  at::Device device{at::kCPU};
  int64_t smallest_batch = 1;  // that the network can be trained on (models/smallest_batch.h)
};

struct EvalRecord {
  int64_t step = 0;
  double epoch = 0;
  double time_s = 0;
  metrics::ClassificationResult result;
  std::vector<metrics::Guess> guesses;  // of each image, where the run keeps them
};

// Micro-batches, or those of an evaluation, became smaller or larger.
struct MemoryChange {
  int64_t step = 0;  // that was taken again, or whose end or evaluation it came with
};

// Takes the rate of a step from the schedule's towards another.
struct LrPull {
  double factor = 1;  // of the optimizer's rate
  double share = 1;   // of the way that is gone, in [0, 1]
};

// Gradients of the ranks' own shares of a step, before they were summed.
struct RankNorm {
  at::Tensor mean_squared;  // of their norms, float32 [] on the device
  double images = 0;        // of each share
};

class State {
 public:
  // All must outlive it. scaler: for fp16 only.
  State(models::Model& model, optim::Optimizer& optimizer, optim::GradScaler* scaler,
        RunFacts run_facts)
      : facts(std::move(run_facts)), model_(model), optimizer_(optimizer), scaler_(scaler) {}

  const RunFacts facts;
  Position position;

  std::optional<LrPull> lr_pull;              // set by an algorithm at kStepStart, for its step
  std::optional<double> train_loss;           // of the newest log line
  std::optional<double> noise_scale;          // of the gradients, in images; of the algorithm
  std::optional<RankNorm> rank_norm;          // of the step under way, where it is wanted
  std::optional<EvalRecord> eval;             // the newest evaluation
  std::optional<MemoryChange> memory_change;  // the newest
  MachineLine machine;                        // of the newest log line
  std::string checkpoint;                     // the newest whole checkpoint's folder
  int64_t peak_bytes = 0;                     // the most that tensors held of the device's memory

  // Whoever may only look at a state may only look at its objects.
  models::Model& model() { return model_; }
  const models::Model& model() const { return model_; }
  optim::Optimizer& optimizer() { return optimizer_; }
  const optim::Optimizer& optimizer() const { return optimizer_; }
  optim::GradScaler* scaler() { return scaler_; }
  const optim::GradScaler* scaler() const { return scaler_; }

  // The plan with the micro-batches of the steps to come, which may be smaller than planned.
  StepPlan plan() const {
    return position.grad_accumulation > 0 ? facts.plan.with_accumulation(position.grad_accumulation)
                                          : facts.plan;
  }
  double epoch() const { return facts.plan.epoch(position.step); }

 private:
  models::Model& model_;
  optim::Optimizer& optimizer_;
  optim::GradScaler* scaler_;
};

}  // namespace stoker::train

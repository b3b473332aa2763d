// Runs the loop of event.h.
//
//   Trainer trainer(state, parts, options);
//   StopReason reason = trainer.fit();
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "stoker/train/checkpoint.h"
#include "stoker/train/evaluate.h"
#include "stoker/train/step.h"

namespace stoker::train {

struct TrainerParts {
  Source train;
  Source val;  // without a data set: no evaluation
  optim::Schedule schedule;
  Algorithms algorithms;
  CheckpointStore* checkpoints = nullptr;  // none: nothing is saved
  std::string config_yaml;                 // goes into each checkpoint
};

struct TrainerOptions {
  TrainOptions train;
  EvalOptions eval;
  CheckpointOptions checkpoint;
  int64_t log_every_steps = 20;  // how often losses are read from a GPU
};

enum class StopReason { kFinished, kMaxSteps, kMaxTime, kInterrupted };
std::string_view stop_reason_text(StopReason reason);  // finished, max_steps, max_time, interrupted

class Trainer {
 public:
  Trainer(State& state, TrainerParts parts, TrainerOptions options);

  // Callbacks see events in the order in which they were added.
  void add(std::unique_ptr<Callback> callback) { callbacks_.push_back(std::move(callback)); }

  // Puts the state of a checkpoint into the model, the optimizer, the scaler and the algorithms.
  // Throws DataError listing tensors that do not fit.
  void load(const CheckpointContent& checkpoint);

  // Trains from state.step on. Errors leave the last checkpoint as it was.
  StopReason fit();

 private:
  void emit(Event event);
  void finish_step(const loader::Loader& loader);
  void fill_window();
  void log_window(const loader::Loader& loader);
  void evaluate_now();
  void save();
  // Whether something that happens each `every_epochs` is due after the current step.
  bool due(double every_epochs) const;
  bool evaluation_due() const;
  std::pair<int64_t, int64_t> to_save() const;
  std::optional<StopReason> stop_request() const;

  State& state_;
  TrainerParts parts_;
  TrainerOptions options_;
  std::vector<std::unique_ptr<Callback>> callbacks_;
  TrainStep step_;
  double max_time_s_;
  loader::StageTimes logged_stages_;  // what the log lines so far have told
  // Steps of the run and of its newest evaluation that the newest checkpoint holds.
  std::pair<int64_t, int64_t> saved_{-1, -1};
};

}  // namespace stoker::train

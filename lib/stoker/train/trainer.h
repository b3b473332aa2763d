// Runs the loop of event.h.
//
//   Trainer trainer(state, parts, options);
//   StopReason reason = trainer.fit();
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "stoker/train/evaluate.h"
#include "stoker/train/saver.h"
#include "stoker/train/step.h"

namespace stoker::train {

struct TrainerParts {
  Source train;
  Source val;  // without a data set: no evaluation
  optim::Schedule schedule;
  Algorithms algorithms;
  CheckpointStore* checkpoints = nullptr;   // none: nothing is saved
  std::vector<std::filesystem::path> logs;  // synced before each checkpoint
  std::string config_yaml;                  // goes into each checkpoint
};

struct TrainerOptions {
  TrainOptions train;
  EvalOptions eval;
  CheckpointOptions checkpoint;
  int64_t log_every_steps = 20;     // how often losses are read from a GPU
  bool evaluates_at_budget = true;  // when max_steps or max_time ends the run
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

  // The state as a checkpoint holds it; the tensors are live.
  CheckpointContent content();

  // Trains from state.step on, and returns when what it saved is on the disk. Where an error comes
  // between steps, as when an image cannot be read, the steps so far are saved before it is thrown
  // on; other errors leave the last checkpoint as it was.
  StopReason fit();

 private:
  void emit(Event event);
  void finish_step(const loader::Loader& loader);
  void fill_window();
  void log_window(const loader::Loader& loader);
  void evaluate_now();
  void tell_unreadable(const loader::Loader& loader);
  StopReason train();
  void save_what_is_whole();
  void make_saver();
  bool evaluation_due() const;
  std::optional<StopReason> stop_request() const;

  State& state_;
  TrainerParts parts_;
  TrainerOptions options_;
  std::vector<std::unique_ptr<Callback>> callbacks_;
  TrainStep step_;
  double max_time_s_;
  loader::StageTimes logged_stages_;             // what the log lines so far have told
  int64_t told_of_train_ = 0, told_of_val_ = 0;  // unreadable images that the log has named
  bool is_loaded_ = false, is_evaluating_ = false;
  std::optional<Saver> saver_;
};

}  // namespace stoker::train

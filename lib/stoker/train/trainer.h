// Runs the loop of event.h.
//
//   Trainer trainer({.state = state, .train = train, .val = val, …}, options);
//   trainer.add(std::move(callback));
//   StopReason reason = trainer.fit();
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/train/evaluate.h"
#include "stoker/train/events.h"
#include "stoker/train/local_steps.h"
#include "stoker/train/machine_watch.h"
#include "stoker/train/memory_control.h"
#include "stoker/train/saver.h"
#include "stoker/train/step.h"

namespace stoker::train {

// What a trainer works on. All of it must outlive the trainer.
struct TrainerParts {
  State& state;
  Algorithms& algorithms;
  const Source& train;
  const Source& val;                       // without a data set: no evaluation
  losses::LossContext loss_weights = {};   // a value
  CheckpointStore* checkpoints = nullptr;  // none: nothing is saved, as on all ranks but the first
  dist::Group* group = &dist::alone();
  parallel::Stage* stage = nullptr;  // of a pipeline that this rank is one of
};

struct TrainerOptions {
  TrainOptions train;
  MemoryOptions memory;
  EvalOptions eval;
  CheckpointOptions checkpoint;
  MachineOptions machine;
  int64_t log_every_steps = 20;  // how often losses are read from a GPU
  // Ranks have parts of what is trained, gathered before each checkpoint.
  bool has_parts = false;
  LocalOptions local = {};
  bool keeps_guesses = false;               // of each image of the newest evaluation, in the state
  bool evaluates_at_budget = true;          // when a budget ends the run
  std::vector<std::filesystem::path> logs;  // synced before each checkpoint
  std::string config_yaml;                  // goes into each checkpoint
  std::function<std::string()> memory_advice = nullptr;     // for when not even one image fits
  std::optional<tuning::Line> memory_model = std::nullopt;  // of a step, where it was probed
};

enum class StopReason {
  kFinished,
  kMaxSteps,
  kStopAfterEpochs,
  kMaxTime,
  kMaxEnergy,
  kMaxCost,
  kEarlyStopping,
  kInterrupted
};
// finished, max_steps, stop_after_epochs, max_time, max_energy, max_cost, early_stopping,
// interrupted
std::string_view stop_reason_text(StopReason reason);

class Trainer {
 public:
  Trainer(const TrainerParts& parts, optim::Schedule schedule, TrainerOptions options);

  // Callbacks see events in the order in which they were added.
  void add(std::unique_ptr<Callback> callback) { events_.add(std::move(callback)); }

  // Puts the state of a checkpoint into the model, the optimizer, the scaler and the algorithms.
  // Throws DataError listing tensors that do not fit.
  void load(const CheckpointContent& checkpoint);

  // The state as a checkpoint holds it; the tensors are live.
  CheckpointContent content();

  // Trains from the state's step on, and returns when what it saved is on the disk. Where an error
  // comes between steps, as when an image cannot be read, the steps so far are saved before it is
  // thrown on, as where memory runs out with the smallest micro-batch; other errors leave the last
  // checkpoint as it was. kFitDone is emitted in any case.
  // Throws Diverged where the run ends with weights, statistics or outputs that are not finite.
  StopReason fit();

 private:
  StopReason train();
  std::optional<StopReason> take_steps();
  bool take_step(Feed& feed);
  void fail(const std::string& error);
  void save_what_is_whole();
  void note_written(const Saver::Written& folders);
  bool finish_step(const loader::Loader& loader);
  bool has_images() const { return stage_ == nullptr || stage_->is_first(); }
  void log_window(const loader::Loader& loader);
  int64_t eval_batch_size() const;
  void evaluate_now();
  void warn_of_unreadable_images(const loader::Loader& loader);
  void save_if_due();
  bool is_beyond_energy() const;
  bool is_beyond_cost() const;
  void gather_state_if(bool is_wanted);
  bool evaluation_due() const;
  bool is_whole() const { return local_.is_whole(state_.position.step); }
  void check_end() const;
  std::optional<StopReason> stop_request() const;
  // What may end the run, of this rank; and what all ranks see at this step.
  StepNotice own_notice() const;
  StepNotice common_notice() const { return group_.is_alone() ? own_notice() : step_.agreed(); }
  Saver::Capture capture_now() {
    return [this] { return content(); };
  }

  State& state_;
  Algorithms& algorithms_;
  const Source& train_;
  const Source& val_;
  dist::Group& group_;
  parallel::Stage* stage_;
  TrainerOptions options_;
  Events events_;
  TrainStep step_;
  MemoryControl memory_;
  LocalRule local_;
  CheckpointStore* checkpoints_;
  std::optional<Saver> saver_;           // once the run begins
  std::optional<MachineWatch> machine_;  // while it lasts
  double max_time_s_;
  loader::StageTimes logged_stages_;               // what the log lines so far have reported
  int64_t reported_train_ = 0, reported_val_ = 0;  // unreadable images that the log has named
  bool is_loaded_ = false, is_evaluating_ = false;
};

}  // namespace stoker::train

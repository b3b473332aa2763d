// When a run saves, and what happens when that goes wrong.
//
// A checkpoint is due by steps, epochs or minutes, and after an evaluation that is the best so far,
// so that `best` always holds the weights that were measured. It is written in the background. One
// that fails is tried once more with the state of that moment, the run waiting: what fails for a
// moment costs nothing, and a disk that stays full or broken ends the run within a step instead of
// letting it train for hours towards nothing.
//
//   Saver saver(store, logs, options);
//   if (saver.due(state)) report(saver.save(state, [&] { return capture(state, algorithms); }));
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "stoker/train/checkpoint_writer.h"
#include "stoker/train/options.h"
#include "stoker/train/state.h"

namespace stoker::train {

class Saver {
 public:
  // The state of this moment as a checkpoint holds it; called when a save begins.
  using Capture = std::function<CheckpointContent()>;
  // The folders of the checkpoints whose writing has ended since the call before, oldest first.
  using Written = std::vector<std::filesystem::path>;

  // store must outlive it. logs: as CheckpointStore::save.
  Saver(CheckpointStore& store, std::vector<std::filesystem::path> logs, CheckpointOptions options);

  // The state is that of a checkpoint that was loaded.
  void note_loaded(const State& state) { saved_ = present(state); }
  // Whether a checkpoint is due after the current step.
  bool due(const State& state) const;
  // Copies the state and begins to write it; waits for the save before. Throws FileError.
  Written save(const State& state, const Capture& capture);
  // Takes notice of a save that has ended, between steps. Throws FileError.
  Written poll(const State& state, const Capture& capture);
  // Saves what is not saved yet and waits for it. Throws FileError.
  Written finish(const State& state, const Capture& capture);
  // Waits for the save under way where an error ends the run; warns if it fails.
  Written abandon();

 private:
  using Clock = std::chrono::steady_clock;
  // Steps of the run and of its newest evaluation.
  using Moment = std::pair<int64_t, int64_t>;
  static Moment present(const State& state);
  bool is_best_so_far(const State& state) const;
  void begin(const State& state, const Capture& capture);
  struct Settled {
    Written written;
    bool is_present = false;  // a second try wrote the present state
  };
  Settled settle(const State& state, const Capture& capture, bool waits);

  CheckpointOptions options_;
  CheckpointStore::Keep keep_;
  CheckpointWriter writer_;
  Moment saved_{-1, -1};
  std::optional<double> best_;
  Clock::time_point saved_at_ = Clock::now();
};

// The metric of the present weights: nothing before an evaluation of this step (any step, for
// train.loss), or where outputs were not finite.
std::optional<double> measured(const State& state, std::string_view monitor);

// What `checkpoint:` says about keeping.
CheckpointStore::Keep keep_of(const CheckpointOptions& options);

}  // namespace stoker::train

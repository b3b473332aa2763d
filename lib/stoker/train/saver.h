// When a run saves, and what happens when that goes wrong.
//
// A checkpoint is due by steps, epochs or minutes, and after an evaluation that is the best so far,
// so that `best` always holds the weights that were measured. It is written in the background. One
// that fails is tried once more with the state of that moment, the run waiting: what fails for a
// moment costs nothing, and a disk that stays full or broken ends the run within a step instead of
// letting it train for hours towards nothing.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "stoker/train/checkpoint_writer.h"
#include "stoker/train/options.h"
#include "stoker/train/state.h"

namespace stoker::train {

class Saver {
 public:
  struct Parts {
    CheckpointStore* store = nullptr;
    std::vector<std::filesystem::path> logs;                     // as CheckpointStore::save
    std::function<CheckpointContent()> capture;                  // the state now
    std::function<void(const std::filesystem::path&)> on_saved;  // told between steps
  };
  Saver(const State& state, Parts parts, CheckpointOptions options);

  // The state is that of a checkpoint that was loaded.
  void note_loaded() { saved_ = present(); }
  // Whether a checkpoint is due after the current step.
  bool due() const;
  // Copies the state and begins to write it; waits for the save before. Throws FileError.
  void save();
  // Takes notice of a save that has ended, between steps. Throws FileError.
  void poll() { settle(/*waits=*/false); }
  // Saves what is not saved yet and waits for it. Throws FileError.
  void finish();
  // Waits for the save under way where an error ends the run; warns if it fails.
  void abandon();

 private:
  using Clock = std::chrono::steady_clock;
  // Steps of the run and of its newest evaluation.
  std::pair<int64_t, int64_t> present() const;
  std::optional<double> measured() const;
  bool is_best_so_far() const;
  void begin();
  // Returns whether a second try wrote the present state.
  bool settle(bool waits);

  const State& state_;
  Parts parts_;
  CheckpointOptions options_;
  CheckpointStore::Keep keep_;
  CheckpointWriter writer_;
  std::pair<int64_t, int64_t> saved_{-1, -1};
  std::optional<double> best_;
  Clock::time_point saved_at_ = Clock::now();
};

// What `checkpoint:` says about keeping.
CheckpointStore::Keep keep_of(const CheckpointOptions& options);

}  // namespace stoker::train

// A run's checkpoints as folders: which there are, which is meant, whether it is whole.
//
//   const WholeCheckpoint checkpoint = open_checkpoint("runs/cifar10/1", /*prefer_best=*/true);
//   train::CheckpointContent content = train::read_checkpoint(checkpoint);
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoker::runs {

struct CheckpointEntry {
  std::filesystem::path folder;
  int64_t step = 0;
};
// The step in a folder's name behind `prefix` (layout.h's); nothing for another name.
std::optional<int64_t> step_of(const std::filesystem::path& folder, std::string_view prefix);

// Those in a run's folder of checkpoints, oldest first; whether they are whole is not looked at.
std::vector<CheckpointEntry> list_checkpoints(const std::filesystem::path& folder);

// The folder that a pointer file (`latest`, `best`) names; empty where there is none.
std::filesystem::path follow_pointer(const std::filesystem::path& pointer);

// The state.json alone, not verified; for listings.
std::string read_checkpoint_state(const std::filesystem::path& checkpoint);

// A checkpoint whose every file is what its manifest says: who has one need not sum it again.
class WholeCheckpoint {
 public:
  // Reads all of it. Throws DataError naming the file that is missing or damaged.
  explicit WholeCheckpoint(std::filesystem::path folder);

  const std::filesystem::path& folder() const { return folder_; }
  const std::string& state_json() const { return state_json_; }
  const std::string& config_yaml() const { return config_yaml_; }

 private:
  std::filesystem::path folder_;
  std::string state_json_, config_yaml_;
};

// The newest that is whole, of a run's folder of checkpoints; damaged ones are passed over with a
// warning that names them. Nothing if there is none.
std::optional<WholeCheckpoint> newest_whole(const std::filesystem::path& folder);

// What a user may name: a checkpoint's folder or one of its files, a pointer (`latest`, `best`), or
// a run's folder, which means its `best` if asked for, else its newest that is whole. Throws
// ConfigError saying what was looked for; open_checkpoint also DataError for a damaged one.
std::filesystem::path resolve_checkpoint(const std::filesystem::path& path, bool prefer_best);
WholeCheckpoint open_checkpoint(const std::filesystem::path& path, bool prefer_best);

}  // namespace stoker::runs

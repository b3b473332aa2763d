// A checkpoint on disk: one folder that is whole or not there.
//
//   step-00001200/
//     model.safetensors      parameters and buffers, by the model's names
//     optimizer.safetensors  optimizer state, and algorithms' under "algorithm/<name>/"
//     state.json             position, scaler, metrics, class names
//     config.yaml            the resolved configuration
//     manifest.json          size and SHA-256 of each of those
//
// It is written under a temporary name, synced, and renamed; a reader verifies the manifest.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "stoker/core/file.h"
#include "stoker/weights/safetensors.h"

namespace stoker::train {

struct CheckpointContent {
  weights::NamedTensors model;
  weights::NamedTensors optimizer;
  std::string state_json;
  std::string config_yaml;
};

// Throws FileError; the folder is then absent.
void write_checkpoint(FileSystem& files, const std::filesystem::path& folder,
                      const CheckpointContent& content);
// Tensors share memory maps of the files. Throws DataError naming the file that is missing or whose
// size or checksum is wrong.
CheckpointContent read_checkpoint(const std::filesystem::path& folder);
// The state.json alone, not verified; for listings.
std::string read_checkpoint_state(const std::filesystem::path& folder);

// The checkpoints of one run: runs/<name>/<n>/checkpoints.
class CheckpointStore {
 public:
  CheckpointStore(FileSystem& files, std::filesystem::path folder);

  struct Entry {
    std::filesystem::path folder;
    int64_t step = 0;
  };
  // Oldest first.
  std::vector<Entry> list() const;

  // Writes, moves the pointer `latest`, moves `best` if this one is best, removes what is not kept.
  // monitor: a metric in state.json's "metrics"; val.loss is better lower, others higher.
  struct Keep {
    int64_t last = 2;
    int64_t best = 1;
    std::string monitor = "val.top1";
  };
  std::filesystem::path save(int64_t step, const CheckpointContent& content, const Keep& keep);

  // The newest checkpoint that verifies; damaged ones are passed over with a warning that names
  // them. Empty if there is none.
  std::filesystem::path newest_whole() const;

 private:
  void prune(const Keep& keep) const;

  FileSystem& files_;
  std::filesystem::path folder_;
};

// What a user may name: a checkpoint folder, a pointer (`latest`, `best`), or a run's folder, which
// means its `best` if asked for, else its newest. Throws ConfigError saying what was looked for.
std::filesystem::path resolve_checkpoint(const std::filesystem::path& path, bool prefer_best);

}  // namespace stoker::train

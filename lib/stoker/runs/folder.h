// The folder of one run: <dir>/<name>/<number>.
//
//   config.yaml environment.json log.txt metrics.jsonl summary.json checkpoints/
//   weights.json   which files model.weights was, with their SHA-256
#pragma once

#include <filesystem>
#include <string>

#include "stoker/runs/layout.h"

namespace stoker::runs {

class RunFolder {
 public:
  // The next free number under <dir>/<name>. Throws FileError.
  static RunFolder create(const std::filesystem::path& dir, const std::string& name);
  // An existing one. Throws ConfigError if `path` is not a run's folder.
  static RunFolder open(const std::filesystem::path& path);
  // The run of a checkpoint, <run>/checkpoints/step-…. Throws ConfigError for one elsewhere.
  static RunFolder holding(const std::filesystem::path& checkpoint);
  // The newest run under <dir>/<name>. Throws ConfigError if there is none.
  static RunFolder newest(const std::filesystem::path& dir, const std::string& name);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config() const { return path_ / kConfigFile; }
  std::filesystem::path environment() const { return path_ / kEnvironmentFile; }
  std::filesystem::path weights() const { return path_ / kWeightsFile; }
  std::filesystem::path log() const { return path_ / kLogFile; }
  std::filesystem::path metrics() const { return path_ / kMetricsFile; }
  std::filesystem::path summary() const { return path_ / kSummaryFile; }
  std::filesystem::path checkpoints() const { return path_ / kCheckpointsFolder; }

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

}  // namespace stoker::runs

#include "stoker/runs/resume_point.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/runs/layout.h"

namespace stoker::runs {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> folders;
  if (!fs::is_directory(folder)) return folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  return folders;
}

fs::file_time_type last_written(const fs::path& run) {
  fs::file_time_type newest = fs::file_time_type::min();
  for (const fs::path& name :
       {fs::path(kConfigFile), fs::path(kMetricsFile), fs::path(kCheckpointsFolder) / kLatest}) {
    std::error_code none;
    const auto time = fs::last_write_time(run / name, none);
    if (!none) newest = std::max(newest, time);
  }
  return newest;
}

// A run that has saved something comes before one that only began.
std::pair<bool, fs::file_time_type> rank(const fs::path& run) {
  return {has_checkpoint(run), last_written(run)};
}

}  // namespace

fs::path ResumePoint::config() const {
  return is_named ? checkpoint->folder() / kConfigFile : folder.config();
}

ResumePoint find_resume_point(const fs::path& path, bool locks) {
  const auto lock_of = [&](const RunFolder& folder) {
    return locks ? std::optional<RunLock>(folder.path()) : std::nullopt;
  };
  if (fs::is_regular_file(path) || is_checkpoint(path)) {
    const fs::path checkpoint = resolve_checkpoint(path, /*prefer_best=*/false);
    RunFolder folder = RunFolder::holding(checkpoint);
    auto lock = lock_of(folder);
    return {std::move(folder), std::move(lock), WholeCheckpoint(checkpoint), /*is_named=*/true};
  }
  RunFolder folder = RunFolder::open(path);
  auto lock = lock_of(folder);
  auto whole = newest_whole(folder.checkpoints());
  return {std::move(folder), std::move(lock), std::move(whole), /*is_named=*/false};
}

RunFolder newest_run(const fs::path& dir) {
  std::optional<fs::path> newest;
  for (const fs::path& name : folders_in(dir)) {
    for (const fs::path& run : folders_in(name)) {
      if (!fs::exists(run / kConfigFile)) continue;
      if (!newest || rank(run) > rank(*newest)) newest = run;
    }
  }
  if (newest) return RunFolder::open(*newest);
  throw ConfigError(
      fmt::format("{}: no runs here to resume; name a run's folder, or a config", dir.string()));
}

}  // namespace stoker::runs

#include "stoker/run/resume.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <vector>

#include "stoker/config/compare.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/log.h"
#include "stoker/machine/device.h"
#include "stoker/run/load.h"
#include "stoker/run/precision.h"
#include "stoker/runs/layout.h"

namespace stoker::run {

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
  for (const char* name : {runs::kConfigFile, runs::kMetricsFile, "checkpoints/latest"}) {
    std::error_code none;
    const auto time = fs::last_write_time(run / name, none);
    if (!none) newest = std::max(newest, time);
  }
  return newest;
}

// A run that has saved something comes before one that only began.
std::pair<bool, fs::file_time_type> rank(const fs::path& run) {
  return {runs::has_checkpoint(run), last_written(run)};
}

}  // namespace

fs::path ResumePoint::config() const {
  return is_named ? checkpoint->folder / runs::kConfigFile : folder.config();
}

ResumePoint find_resume_point(const fs::path& path) {
  if (fs::is_regular_file(path) || runs::is_checkpoint(path)) {
    const fs::path checkpoint = train::resolve_checkpoint(path, /*prefer_best=*/false);
    runs::RunFolder folder = runs::RunFolder::holding(checkpoint);
    runs::RunLock lock(folder.path());
    train::CheckpointStore::Whole whole{checkpoint, train::read_checkpoint(checkpoint)};
    return {std::move(folder), std::move(lock), std::move(whole), /*is_named=*/true};
  }
  runs::RunFolder folder = runs::RunFolder::open(path);
  runs::RunLock lock(folder.path());
  auto whole = train::CheckpointStore(real_file_system(), folder.checkpoints()).newest_whole();
  return {std::move(folder), std::move(lock), std::move(whole), /*is_named=*/false};
}

runs::RunFolder newest_run(const fs::path& dir) {
  std::optional<fs::path> newest;
  for (const fs::path& name : folders_in(dir)) {
    for (const fs::path& run : folders_in(name)) {
      if (!fs::exists(run / runs::kConfigFile)) continue;
      if (!newest || rank(run) > rank(*newest)) newest = run;
    }
  }
  if (newest) return runs::RunFolder::open(*newest);
  throw ConfigError(
      fmt::format("{}: no runs here to resume; name a run's folder, or a config", dir.string()));
}

void check_resume(const ResumePoint& point, RunConfig now) {
  resolve_precision(now, machine::pick_device(now.device));
  const fs::path config =
      point.checkpoint ? point.checkpoint->folder / runs::kConfigFile : point.folder.config();
  RunConfig before = load_run_config(config).options;
  std::string refused;
  for (const config::Change& change :
       config::compare(config::fields_of(before), config::fields_of(now))) {
    if (change.is_fixed()) {
      refused += fmt::format("\n  {}: {}", config::to_string(change), change.reason);
    } else {
      log().info("changed on resume: {}", config::to_string(change));
      if (change.key == "train.epochs") {
        log().info("the schedule spans the new length: the steps to come have its rates");
      }
    }
  }
  if (refused.empty()) return;
  throw ConfigError(fmt::format(
      "{} cannot go on with another value of{}\nLeave these keys as they were, or start a new run "
      "without --resume.",
      point.folder.path().string(), refused));
}

}  // namespace stoker::run

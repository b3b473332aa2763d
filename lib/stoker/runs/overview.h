// Runs as their folders show them to whoever only looks: which there are under a folder, how each
// stands, and how good it is so far. Nothing is written, and a run that trains is not disturbed.
//
//   for (const RunOverview& run : find_runs("runs"))
//     fmt::print("{} {}\n", run.path.string(), state_name(run.state));
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoker::runs {

enum class RunState { kRunning, kFinished, kInterrupted, kFailed };
std::string_view state_name(RunState state);  // running, finished, interrupted, failed

struct RunOverview {
  std::filesystem::path path;
  std::string name;
  RunState state = RunState::kInterrupted;
  // Why it ended, as summary.json has it; "killed" for one that no process trains and that did not
  // come to write one.
  std::string reason;
  std::string error;   // of one that failed
  std::string holder;  // of one that is running: "process 12 on a1"

  int64_t step = 0;  // of the newest line of metrics
  double epoch = 0;
  std::optional<double> epochs;    // that the configuration asks for
  std::optional<double> progress;  // share of them, or of its other limits, in [0, 1]
  double train_time_s = 0;
  std::optional<double> images_per_s;  // of the newest log line

  std::string metric;  // checkpoint.monitor
  bool lower_is_better = false;
  std::optional<double> best;  // of it
  int64_t best_step = 0;

  std::string started;                            // UTC, "2026-11-29T22:50:10Z"; "" if unknown
  std::chrono::system_clock::time_point updated;  // the newest of its files

  // How long the rest takes at the pace so far; nothing for one that is not running.
  std::optional<double> left_s() const;
};

// Throws ConfigError where the path is no run's folder. A file that cannot be understood leaves
// what it would have said empty. is_own: the caller holds the run's lock and has ended it.
RunOverview read_overview(const std::filesystem::path& run, bool is_own = false);

// All runs in and below a folder, trials of sweeps too, the one last written first. Hidden folders
// and links are passed over, and nothing deeper than `depth`. Throws ConfigError for a folder that
// is not there.
std::vector<RunOverview> find_runs(const std::filesystem::path& folder, int depth = 8);

}  // namespace stoker::runs

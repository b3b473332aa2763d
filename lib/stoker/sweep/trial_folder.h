// A trial's folder within its sweep's, <sweep>/trial-001/: output.txt, and the run that it trains
// as 1/. Trials speak through these files alone.
//
//   const TrialFolder folder(sweep, trial);
//   if (const auto summary = folder.summary()) summary->metrics.at("val.top1");
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "stoker/core/descriptor.h"
#include "stoker/search/prune.h"
#include "stoker/sweep/trial.h"

namespace stoker::sweep {

// What a run's summary.json says.
struct RunSummary {
  std::string reason;  // finished, max_steps, …, interrupted, failed
  std::string error;
  int64_t steps = 0;
  double epochs = 0;
  std::optional<double> train_time_s;
  std::optional<int64_t> peak_bytes;
  std::map<std::string, double> metrics;  // of its last evaluation: "val.top1"

  // Whether training came to an end of its own.
  bool is_complete() const { return !was_interrupted() && reason != "failed"; }
  bool was_interrupted() const { return reason == "interrupted"; }
};

class TrialFolder {
 public:
  TrialFolder(const std::filesystem::path& sweep, const Trial& trial)
      : sweep_(sweep), path_(sweep / trial.id()) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path output() const { return path_ / "output.txt"; }
  // The run that began here last, with its configuration written; nothing where there is none.
  std::optional<std::filesystem::path> run() const;
  std::string run_name() const;  // "trial-001/1", "" without one

  std::optional<RunSummary> summary() const;
  // Before an attempt, so that a summary is one of that attempt.
  void remove_summary() const;
  // Step of the newest checkpoint; 0 without one.
  int64_t saved_step() const;
  // The evaluations of a metric so far, over epochs.
  search::Curve curve(std::string_view metric) const;
  // What the last attempt said when it failed, on one line.
  std::string last_error() const;

  // Held by the process that runs the trial, whoever started it, for its lifetime: nothing while
  // there is such a process.
  std::optional<Descriptor> lock() const;

 private:
  std::filesystem::path sweep_, path_;
};

}  // namespace stoker::sweep

#include "stoker/sweep/outcome.h"

#include <cmath>
#include <csignal>

#include "stoker/core/error.h"

namespace stoker::sweep {

namespace {

constexpr int kInterruptedCode = static_cast<int>(ExitCode::kInterrupted);

// Signals that come from outside and say nothing about the trial.
bool is_from_outside(int signal) {
  return signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == SIGHUP ||
         signal == SIGUSR1 || signal == SIGUSR2;
}

bool was_interrupted(const Attempt& attempt, const std::optional<RunSummary>& summary) {
  if (attempt.ending)
    return attempt.ending->exit_code == kInterruptedCode || is_from_outside(attempt.ending->signal);
  return !summary || summary->reason == "interrupted";
}

Trial complete(Trial trial, const Attempt& attempt) {
  trial.exit_code = 0;
  trial.reason.clear();
  const auto found = trial.metrics.find(attempt.metric);
  const double value = found == trial.metrics.end() ? std::nan("") : found->second;
  if (attempt.rungs > 1) trial.rung_values.push_back(value);
  if (trial.rung + 1 < attempt.rungs) {
    trial.state = TrialState::kQueued;
    trial.reason = fmt::format("waits at rung {} of {}", trial.rung + 1, attempt.rungs);
  } else {
    trial.state = TrialState::kDone;
  }
  return trial;
}

std::string failure(const Attempt& attempt, const std::optional<RunSummary>& summary,
                    const TrialFolder& folder) {
  if (attempt.ending && attempt.ending->signal != 0)
    return fmt::format("ended by signal {}", attempt.ending->signal);
  std::string said = folder.last_error();
  if (said.empty() && summary) said = summary->error;
  return said.empty() ? "it said nothing" : said;
}

}  // namespace

Trial with_figures(Trial trial, const TrialFolder& folder, const RunSummary& summary) {
  trial.run = folder.run_name();
  trial.steps = summary.steps;
  trial.metrics = summary.metrics;
  trial.train_time_s = summary.train_time_s;
  trial.peak_bytes = summary.peak_bytes;
  return trial;
}

Trial judged(Trial trial, const TrialFolder& folder, const Attempt& attempt) {
  const std::optional<RunSummary> summary = folder.summary();
  trial.process = trial.process_start = 0;
  trial.run = folder.run_name();
  if (summary) trial = with_figures(std::move(trial), folder, *summary);
  const bool ended_well = !attempt.ending || attempt.ending->exit_code == 0;
  if (ended_well && summary && summary->is_complete()) return complete(std::move(trial), attempt);
  trial.exit_code.reset();
  if (attempt.ending) trial.exit_code = attempt.ending->exit_code;
  if (was_interrupted(attempt, summary)) {
    trial.state = attempt.is_pruned ? TrialState::kPruned : TrialState::kInterrupted;
    trial.reason = attempt.is_pruned ? "behind the median of the others" : "";
  } else {
    trial.state = TrialState::kFailed;
    trial.reason = ended_well && attempt.ending ? "it left no summary of its run"
                                                : failure(attempt, summary, folder);
  }
  return trial;
}

}  // namespace stoker::sweep

#include "stoker/sweep/status.h"

#include "stoker/core/error.h"
#include "stoker/sweep/outcome.h"
#include "stoker/sweep/register.h"

namespace stoker::sweep {

bool is_sweep(const std::filesystem::path& folder) {
  std::error_code none;
  return std::filesystem::is_regular_file(folder / Register::kFile, none);
}

SweepStatus read_status(const std::filesystem::path& folder, const std::string& metric) {
  if (!is_sweep(folder))
    throw ConfigError(
        fmt::format("{}: not a sweep's folder: expected a {} in it, as in "
                    "runs/quickstart/sweep-1.",
                    folder.string(), Register::kFile));
  const Register book = Register::open_to_read(folder / Register::kFile);
  SweepStatus status{.plan = plan_from(book.identity()), .trials = book.trials()};
  const auto rungs = std::ssize(rung_shares(status.plan, status.trials));
  for (Trial& trial : status.trials) {
    if (trial.is_over() || trial.waits_at_rung() || trial.state == TrialState::kRunning) continue;
    const TrialFolder trial_folder(folder, trial);
    const auto summary = trial_folder.summary();
    // Of one that the register has as interrupted it knows more: the exit code.
    const bool is_known =
        trial.state == TrialState::kInterrupted && summary && summary->was_interrupted();
    if (!summary || is_known) continue;
    trial =
        judged(std::move(trial), trial_folder, {.ending = {}, .rungs = rungs, .metric = metric});
  }
  return status;
}

}  // namespace stoker::sweep

// The table that a person reads.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "stoker/core/shown.h"
#include "stoker/core/table_text.h"
#include "stoker/core/text.h"
#include "stoker/sweep/report.h"
#include "stoker/sweep/train_command.h"

namespace stoker::sweep {

namespace {

std::string counts_text(std::span<const Trial> trials) {
  std::string text = fmt::format("{} trials:", trials.size());
  for (const TrialState state :
       {TrialState::kDone, TrialState::kRunning, TrialState::kQueued, TrialState::kInterrupted,
        TrialState::kPruned, TrialState::kFailed}) {
    const auto count = std::ranges::count(trials, state, &Trial::state);
    if (count > 0) text += fmt::format(" {} {}", count, state_name(state));
  }
  return text + "\n";
}

std::string spread_text(const search::Spread& spread) {
  if (spread.count < 2) return fmt::format("{:.4g}", spread.mean);
  return fmt::format("{:.4g} ± {:.2g} ({})", spread.mean, spread.deviation, spread.count);
}

std::string marks(const Results& results, size_t i) {
  std::string text;
  if (results.best == i) text += "best ";
  if (results.settings[i].is_tied) text += "tied ";
  if (results.settings[i].is_on_front) text += "front ";
  if (results.knee == i) text += "knee ";
  if (results.cheapest == i && results.best != i) text += "cheapest ";
  return text;
}

TextRow row_of(const Results& results, size_t i) {
  const SettingResult& setting = results.settings[i];
  return {spread_text(setting.metric),
          setting.time_s.count > 0 ? human_duration(setting.time_s.mean) : "",
          setting.peak_bytes.count > 0 ? human_bytes(static_cast<uint64_t>(setting.peak_bytes.mean))
                                       : "",
          marks(results, i),
          setting.overrides.empty() ? "as configured" : shown(shell_line(setting.overrides))};
}

std::string notes(const Results& results) {
  std::string text;
  const bool has_one_seed = std::ranges::any_of(
      results.settings, [](const SettingResult& setting) { return setting.metric.count < 2; });
  const bool has_ties = std::ranges::any_of(results.settings, &SettingResult::is_tied);
  if (has_one_seed && results.settings.size() > 1)
    text += "One seed a setting cannot tell a difference from chance: --seeds 3 can.\n";
  if (has_ties)
    text +=
        "tied: the 95 % interval over seeds leaves open whether it differs from the first; of "
        "these the cheapest is best.\n";
  return text;
}

std::string importance_text(const Results& results) {
  std::string text;
  bool is_rough = false;
  for (const KeyImportance& key : results.importance) {
    text += fmt::format("{}{} {:.0f}%", text.empty() ? "variance explained by each key: " : ", ",
                        shown(key.key), 100 * key.importance.explained);
    is_rough |= key.importance.is_rough;
  }
  if (text.empty()) return "";
  if (is_rough) text += " (few trials a value: take it for a hint)";
  return text + "\n";
}

std::string failures(std::span<const Trial> trials) {
  std::string text;
  for (const Trial& trial : trials) {
    if (trial.state != TrialState::kFailed) continue;
    const std::string code = trial.exit_code ? fmt::format(" ({})", *trial.exit_code) : "";
    text += fmt::format("{} failed{}: {}\n", trial.id(), code, shown(trial.reason));
  }
  return text;
}

}  // namespace

std::string table_text(const Results& results, std::span<const Trial> trials) {
  std::string text = counts_text(trials);
  if (!results.settings.empty()) {
    std::vector<TextRow> rows{{results.metric, "time", "memory", "", "setting"}};
    for (size_t i = 0; i < results.settings.size(); ++i) rows.push_back(row_of(results, i));
    text += fmt::format("\n{}\n{}{}", aligned(rows), notes(results), importance_text(results));
  }
  return text + failures(trials);
}

}  // namespace stoker::sweep

// One training of a sweep as its register holds it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoker::sweep {

enum class TrialState {
  kQueued,
  kRunning,
  kDone,         // trained to its end
  kFailed,       // kept with exit code and reason; `--retry failed` queues it again
  kInterrupted,  // began and stopped; goes on from its checkpoint
  kPruned,       // ended early because others were better; its checkpoint stays
};
std::string_view state_name(TrialState state);  // queued, running, …
// Throws DataError.
TrialState state_from(std::string_view name);

struct Trial {
  int64_t number = 0;                  // from 1
  int64_t setting = 0;                 // from 0; trials of one setting differ in their seed alone
  std::vector<std::string> overrides;  // its own "key=value", the seed among them
  double epochs = 0;                   // of the full training
  TrialState state = TrialState::kQueued;
  int64_t attempts = 0;
  std::optional<int64_t> exit_code;
  std::string reason;  // why it failed, was pruned or waits
  std::string run;     // its run's folder within the sweep's, "trial-001/1"; "" before it has one
  // Of the process that runs it.
  int64_t process = 0;
  int64_t process_start = 0;  // in ticks since boot, so that a number that is used again is known
  // With halving: the rung that it trains, is to train or has trained last, and its values.
  int64_t rung = 0;
  std::vector<double> rung_values;
  // Of what it has trained so far.
  std::map<std::string, double> metrics;  // "val.top1"
  int64_t steps = 0;
  std::optional<double> train_time_s;
  std::optional<int64_t> peak_bytes;

  std::string id() const;  // "trial-001"
  // Whether it waits for others at the end of its rung.
  bool waits_at_rung() const { return static_cast<int64_t>(rung_values.size()) > rung; }
  bool is_over() const {
    return state == TrialState::kDone || state == TrialState::kFailed ||
           state == TrialState::kPruned;
  }
  bool operator==(const Trial&) const = default;
};

}  // namespace stoker::sweep

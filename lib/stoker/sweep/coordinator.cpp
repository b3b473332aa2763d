#include "stoker/sweep/coordinator.h"

#include <signal.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/log.h"
#include "stoker/core/text.h"
#include "stoker/sweep/outcome.h"
#include "stoker/sweep/rungs.h"
#include "stoker/sweep/train_command.h"
#include "stoker/sweep/trial_folder.h"

namespace stoker::sweep {

namespace {

constexpr std::chrono::milliseconds kPoll{10};
constexpr double kPruneEvery_s = 1;
constexpr int kOutsideSignals[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

bool is_ready(const Trial& trial) {
  return (trial.state == TrialState::kQueued || trial.state == TrialState::kInterrupted) &&
         !trial.waits_at_rung();
}

// Without a coordinator, by --print-commands.
bool has_ended(const TrialFolder& folder) {
  const auto summary = folder.summary();
  return summary && !summary->was_interrupted();
}

// "val.top1 0.9312" where it was measured.
std::string metric_text(const Trial& trial, const std::string& metric) {
  const auto found = trial.metrics.find(metric);
  if (found == trial.metrics.end()) return metric + " not measured";
  return fmt::format("{} {:.4g}", metric, found->second);
}

}  // namespace

Coordinator::Coordinator(Register& book, CoordinatorOptions options)
    : book_(book),
      options_(std::move(options)),
      plan_(plan_from(book.identity())),
      trials_(book.trials()),
      shares_(rung_shares(plan_, trials_)),
      slots_(launch::divide(launch::this_machine(), options_.jobs)) {}

SweepEnd Coordinator::run() {
  take_over();
  while (true) {
    if (const auto end = reason_to_stop()) {
      stop_all();
      return *end;
    }
    decide();
    start_all();
    if (running_.empty()) return SweepEnd::kFinished;
    if (!poll()) std::this_thread::sleep_for(kPoll);
    if (options_.prune && since_prune_.elapsed_s() >= kPruneEvery_s) prune();
  }
}

// What an earlier coordinator left: processes that still run are watched to their end, what ended
// without anybody is judged by its folder, and so are trials that others ran by --print-commands.
void Coordinator::take_over() {
  for (size_t i = 0; i < trials_.size(); ++i) {
    Trial& trial = trials_[i];
    if (trial.state == TrialState::kFailed && options_.retries_failed) {
      trial.state = TrialState::kInterrupted;
      trial.reason.clear();
      trial.exit_code.reset();
      note(trial);
      continue;
    }
    if (trial.is_over() || trial.waits_at_rung()) continue;
    const TrialFolder folder(options_.folder, trial);
    if (!std::filesystem::exists(folder.path())) continue;
    if (!folder.lock()) {
      log().info("{} still runs as process {}; it is let end", trial.id(), trial.process);
      running_.push_back({.trial = i, .slot = slots_.size(), .child = {}});
    } else if (trial.state == TrialState::kRunning || has_ended(folder)) {
      end(running_.emplace_back(Running{.trial = i, .slot = slots_.size(), .child = {}}), {});
      running_.pop_back();
    }
  }
}

void Coordinator::note(Trial trial) {
  book_.update(trial);
  auto& place = trials_[static_cast<size_t>(trial.number - 1)];
  place = std::move(trial);
}

bool Coordinator::poll() {
  bool any = false;
  for (size_t i = 0; i < running_.size();) {
    Running& running = running_[i];
    std::optional<launch::Ending> ending;
    bool is_over = false;
    if (running.child) {
      ending = running.child->ended();
      is_over = ending.has_value();
    } else {
      is_over = TrialFolder(options_.folder, trials_[running.trial]).lock().has_value();
    }
    if (!is_over) {
      ++i;
      continue;
    }
    end(running, ending);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    any = true;
  }
  return any;
}

void Coordinator::end(Running& running, const std::optional<launch::Ending>& ending) {
  const TrialFolder folder(options_.folder, trials_[running.trial]);
  Trial trial = judged(trials_[running.trial], folder,
                       {.ending = ending,
                        .is_pruned = running.is_pruned,
                        .rungs = std::ssize(shares_),
                        .metric = plan_.halving ? plan_.metric : options_.metric});
  const bool was_killed =
      ending && !running.was_stopped &&
      std::ranges::find(kOutsideSignals, ending->signal) != std::end(kOutsideSignals);
  if (trial.state == TrialState::kInterrupted && was_killed) {
    Deaths& deaths = deaths_[trial.number];
    const int64_t step = folder.saved_step();
    deaths.count = step > deaths.step ? 1 : deaths.count + 1;
    deaths.step = step;
    if (deaths.count >= options_.deaths_without_progress) {
      trial.state = TrialState::kFailed;
      trial.reason = fmt::format(
          "killed by signal {} {} times at step {}; the system kills so where memory runs out",
          ending->signal, deaths.count, step);
    }
  }
  has_failed_ |= trial.state == TrialState::kFailed;
  const auto over = std::ranges::count_if(trials_, &Trial::is_over) + (trial.is_over() ? 1 : 0);
  if (trial.state == TrialState::kFailed) {
    log().warn("{} failed: {} ({})", trial.id(), trial.reason, folder.output().string());
  } else if (trial.exit_code == 0) {
    log().info("{} {}{}  {} of {} trials are over", trial.id(), metric_text(trial, options_.metric),
               trial.state == TrialState::kDone ? "" : "  " + trial.reason, over, trials_.size());
  } else {
    log().info("{} {}{}{}", trial.id(), state_name(trial.state), trial.reason.empty() ? "" : ": ",
               trial.reason);
  }
  note(std::move(trial));
}

void Coordinator::decide() {
  if (!plan_.halving) return;
  const std::vector<Trial> changed =
      advanced(trials_, {.eta = plan_.halving->eta,
                         .lower_is_better = plan_.lower_is_better,
                         .is_asynchronous = plan_.halving->is_asynchronous,
                         .rungs = std::ssize(shares_)});
  book_.update(changed);
  for (const Trial& trial : changed) {
    if (trial.state == TrialState::kQueued)
      log().info("{} goes on to rung {} of {}", trial.id(), trial.rung + 1, shares_.size());
    trials_[static_cast<size_t>(trial.number - 1)] = trial;
  }
}

// Higher rungs first, then what has begun, then the order of the search.
std::optional<size_t> Coordinator::next_trial() const {
  std::optional<size_t> best;
  const auto rank = [](const Trial& trial) {
    return std::pair(-trial.rung, trial.state == TrialState::kInterrupted ? 0 : 1);
  };
  for (size_t i = 0; i < trials_.size(); ++i) {
    if (!is_ready(trials_[i])) continue;
    if (!best || rank(trials_[i]) < rank(trials_[*best])) best = i;
  }
  return best;
}

std::optional<size_t> Coordinator::free_slot() const {
  if (running_.size() >= slots_.size()) return std::nullopt;
  for (size_t slot = 0; slot < slots_.size(); ++slot)
    if (std::ranges::find(running_, slot, &Running::slot) == running_.end()) return slot;
  return std::nullopt;
}

void Coordinator::start_all() {
  while (const auto slot = free_slot()) {
    const auto trial = next_trial();
    if (!trial || !start(*trial, *slot)) return;
  }
}

bool Coordinator::start(size_t index, size_t slot) {
  Trial trial = trials_[index];
  const TrialFolder folder(options_.folder, trial);
  real_file_system().make_directories(folder.path());
  const auto lock = folder.lock();
  if (!lock) {  // somebody runs it by hand
    running_.push_back({.trial = index, .slot = slots_.size(), .child = {}});
    return true;
  }
  folder.remove_summary();
  const launch::Slot& place = slots_[slot];
  std::vector<std::pair<std::string, std::string>> environment;
  if (place.device) environment.emplace_back("CUDA_VISIBLE_DEVICES", *place.device);
  launch::Child child(
      {.command = train_command(options_.program, options_.folder, trial,
                                shares_[static_cast<size_t>(trial.rung)], shares_.size() > 1),
       .output = folder.output(),
       .cpus = place.cpus,
       .environment = std::move(environment),
       .kept_descriptor = lock->get()});
  trial.state = TrialState::kRunning;
  ++trial.attempts;
  trial.exit_code.reset();
  trial.reason.clear();
  trial.process = child.process();
  trial.process_start = launch::process_start(child.process());
  note(trial);
  child.go();
  log().debug("{} begins as process {}", trial.id(), trial.process);
  running_.push_back({.trial = index, .slot = slot, .child = std::move(child)});
  return true;
}

void Coordinator::prune() {
  since_prune_ = Stopwatch();
  std::vector<search::Curve> curves;
  for (const Trial& trial : trials_)
    curves.push_back(TrialFolder(options_.folder, trial).curve(options_.metric));
  for (Running& running : running_) {
    std::vector<search::Curve> others = curves;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(running.trial));
    if (running.is_pruned || !search::is_behind(curves[running.trial], others, *options_.prune))
      continue;
    running.is_pruned = true;
    stop(running);
  }
}

void Coordinator::stop(Running& running) {
  running.was_stopped = true;
  const Trial& trial = trials_[running.trial];
  const auto process = static_cast<pid_t>(trial.process);
  // Only the process that was started: its number may be another's by now.
  if (process > 0 && launch::process_start(process) == trial.process_start)
    ::kill(process, SIGTERM);
}

void Coordinator::stop_all() {
  if (running_.empty()) return;
  log().info("stopping {} trials; each saves a checkpoint first", running_.size());
  for (Running& running : running_) stop(running);
  while (!running_.empty())
    if (!poll()) std::this_thread::sleep_for(kPoll);
}

std::optional<SweepEnd> Coordinator::reason_to_stop() const {
  if (interrupt_signal() != 0) return SweepEnd::kInterrupted;
  if (options_.max_hours && watch_.elapsed_s() >= *options_.max_hours * 3600)
    return SweepEnd::kOutOfTime;
  if (options_.fails_fast && has_failed_) return SweepEnd::kFailedFast;
  return std::nullopt;
}

}  // namespace stoker::sweep

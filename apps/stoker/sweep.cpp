// `stoker sweep`: needs no LibTorch; the trials are processes of their own.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <ranges>

#include "bodies.h"
#include "stoker/config/load.h"
#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/log.h"
#include "stoker/core/shown.h"
#include "stoker/sweep/coordinator.h"
#include "stoker/sweep/launch.h"
#include "stoker/sweep/metric.h"
#include "stoker/sweep/open_sweep.h"
#include "stoker/sweep/report.h"
#include "stoker/sweep/results.h"
#include "stoker/sweep/status.h"
#include "stoker/sweep/sweep_options.h"

namespace stoker::app {

namespace {

namespace fs = std::filesystem;

struct SweepInput {
  fs::path config;                 // empty where a folder was named
  std::optional<fs::path> folder;  // of a sweep that was begun
  std::vector<std::string> words;  // of the space
  sweep::SweepOptions options;
};

template <class To, class From>
void set_if(To& to, const std::optional<From>& from) {
  if (from) to = *from;
}

void lay_over(sweep::SweepOptions& options, const SweepArguments& given) {
  set_if(options.random, given.random);
  set_if(options.sobol, given.sobol);
  set_if(options.search_seed, given.search_seed);
  set_if(options.seeds, given.seeds);
  set_if(options.folds, given.folds);
  set_if(options.halving, given.halving);
  set_if(options.asha, given.asha);
  set_if(options.metric, given.metric);
  set_if(options.prune, given.prune);
  set_if(options.prune_startup, given.prune_startup);
  set_if(options.prune_warmup, given.prune_warmup);
  set_if(options.jobs, given.jobs);
  set_if(options.max_hours, given.max_hours);
}

// The task of the trials, of which metrics follow.
std::string task_of(const SweepInput& input) {
  constexpr std::string_view kKey = "task=";
  for (const std::string& word : std::views::reverse(input.words))
    if (word.starts_with(kKey)) return word.substr(kKey.size());
  if (input.config.empty() || !fs::is_regular_file(input.config)) return "";
  const config::Node tree = config::load_files(input.config);
  const config::Node* task = tree.is_map() ? tree.find("task") : nullptr;
  return task != nullptr && task->is_scalar() ? task->scalar : "";
}

SweepInput input_of(const SweepArguments& arguments) {
  SweepInput input;
  for (const std::string& word : arguments.words) {
    if (is_override(word)) {
      input.words.push_back(word);
    } else if (sweep::is_sweep(word) && !input.folder) {
      input.folder = fs::path(word);
    } else if (input.config.empty() && !input.folder) {
      input.config = word;
    } else {
      throw ConfigError(fmt::format(
          "\"{}\" is neither key=values nor expected: the config was named already. Where there "
          "were spaces the shell split a list: write key=a,b,c without spaces, or in quotes.",
          shown(word)));
    }
  }
  if (input.folder && !input.words.empty())
    throw ConfigError(fmt::format("{}: a sweep that was begun has its space already; leave out {}.",
                                  input.folder->string(), shown(input.words[0])));
  if (input.folder) input.options.metric = sweep::read_status(*input.folder, "").plan.metric;
  if (const auto file = sweep::read_sweep_file(input.config)) {
    input.config = file->config;
    input.words = sweep::merged_words(file->words, input.words);
    input.options = file->options;
  }
  lay_over(input.options, arguments);
  if (input.options.metric.empty())
    input.options.metric = task_of(input) == "multilabel" ? "val.map" : "val.top1";
  if (input.options.jobs < 1 || input.options.jobs > 1024)
    throw ConfigError(fmt::format("--jobs: read {}, expected 1 to 1024.", input.options.jobs));
  if (input.options.max_hours && !(*input.options.max_hours > 0))
    throw ConfigError(
        fmt::format("--max-hours: read {:g}, expected more than 0.", *input.options.max_hours));
  return input;
}

std::vector<std::string> own_program() { return {fs::read_symlink("/proc/self/exe").string()}; }

sweep::OpenSweep open(const SweepInput& input, bool is_new) {
  if (input.folder) return sweep::open_folder(*input.folder);
  return sweep::open_sweep({.config = input.config,
                            .plan = sweep::make_plan(input.options, input.words),
                            .program = own_program(),
                            .is_new = is_new});
}

void print(const fs::path& folder, const sweep::SweepPlan& plan,
           const std::vector<sweep::Trial>& trials, const std::string& metric, bool json) {
  const sweep::Results results = sweep::results_of(plan, trials, metric);
  if (json) {
    fmt::print("{}", sweep::results_json(folder, results, trials));
  } else {
    fmt::print("{}: {}", shown(folder.string()), sweep::table_text(results, trials));
  }
}

ExitCode show_status(const SweepInput& input, const SweepArguments& arguments) {
  std::optional<fs::path> folder = input.folder;
  if (!folder) {
    const auto plan = sweep::make_plan(input.options, input.words);
    folder = sweep::newest_sweep(input.config, plan.space.fixed, own_program());
  }
  if (!folder)
    throw ConfigError(
        fmt::format("{}: no sweep of this config yet; leave out --status to begin "
                    "one.",
                    input.config.string()));
  const sweep::SweepStatus status = sweep::read_status(*folder, input.options.metric);
  const std::string& metric = arguments.metric ? *arguments.metric : status.plan.metric;
  print(*folder, status.plan, status.trials, metric, arguments.json);
  return ExitCode::kDone;
}

ExitCode hand_out(const sweep::OpenSweep& open, const SweepInput& input, bool to_slurm) {
  const sweep::SweepStatus status = sweep::read_status(open.folder, input.options.metric);
  if (status.plan.halving)
    throw ConfigError("halving needs a coordinator beside its trials: use --launcher local.");
  std::vector<sweep::Trial> left = status.trials;
  std::erase_if(left, [](const sweep::Trial& trial) { return trial.is_over(); });
  if (to_slurm && !left.empty()) {
    const std::string job = sweep::submit(own_program(), open.folder, left, input.options.jobs);
    fmt::print("{} trials are job {}; see how far they are with: stoker sweep {} --status\n",
               left.size(), shown(job), shown(open.folder.string()));
    return ExitCode::kDone;
  }
  for (const sweep::Trial& trial : left)
    fmt::print("{}\n", sweep::task_line(own_program(), open.folder, trial));
  return ExitCode::kDone;
}

sweep::CoordinatorOptions coordinator_options(const SweepInput& input,
                                              const SweepArguments& arguments,
                                              const fs::path& folder) {
  sweep::CoordinatorOptions options{.folder = folder,
                                    .program = own_program(),
                                    .jobs = static_cast<int>(input.options.jobs),
                                    .max_hours = input.options.max_hours,
                                    .fails_fast = arguments.fail_fast,
                                    .retries_failed = arguments.retry == "failed",
                                    .metric = input.options.metric};
  if (!input.options.prune.empty())
    options.prune = {.lower_is_better = sweep::is_better_lower(input.options.metric),
                     .startup_trials = input.options.prune_startup,
                     .warmup_epochs = input.options.prune_warmup};
  return options;
}

ExitCode code_of(sweep::SweepEnd end, const std::vector<sweep::Trial>& trials) {
  using enum sweep::TrialState;
  if (end == sweep::SweepEnd::kInterrupted || end == sweep::SweepEnd::kOutOfTime)
    return ExitCode::kInterrupted;
  const auto failed = std::ranges::find(trials, kFailed, &sweep::Trial::state);
  const bool any_done = std::ranges::find(trials, kDone, &sweep::Trial::state) != trials.end();
  if (failed == trials.end() || (any_done && end != sweep::SweepEnd::kFailedFast))
    return ExitCode::kDone;
  return static_cast<ExitCode>(failed->exit_code.value_or(1));
}

}  // namespace

ExitCode sweep_verb(const SweepArguments& arguments) {
  if (!arguments.retry.empty() && arguments.retry != "failed")
    throw ConfigError(fmt::format("--retry: read \"{}\", expected failed.", arguments.retry));
  if (arguments.launcher != "local" && arguments.launcher != "slurm")
    throw ConfigError(
        fmt::format("--launcher: read \"{}\", expected local or slurm.", arguments.launcher));
  const SweepInput input = input_of(arguments);
  if (arguments.task) {
    if (!input.folder)
      throw ConfigError("--task: expected a sweep's folder, as --print-commands does.");
    sweep::run_task(own_program(), *input.folder, *arguments.task);
    return ExitCode::kDone;
  }
  if (arguments.status) return show_status(input, arguments);
  sweep::OpenSweep open_sweep = open(input, arguments.is_new);
  if (arguments.print_commands || arguments.launcher == "slurm")
    return hand_out(open_sweep, input, arguments.launcher == "slurm");
  set_interrupt_notices("stopping: each trial saves a checkpoint first; again ends at once", "");
  sweep::Coordinator coordinator(open_sweep.book,
                                 coordinator_options(input, arguments, open_sweep.folder));
  log().info("{}: {} trials, {} at a time", open_sweep.folder.string(), coordinator.trials().size(),
             input.options.jobs);
  const sweep::SweepEnd end = coordinator.run();
  const auto plan = sweep::plan_from(open_sweep.book.identity());
  const auto& trials = coordinator.trials();
  sweep::write_reports(open_sweep.folder, plan, trials,
                       sweep::results_of(plan, trials, input.options.metric));
  print(open_sweep.folder, plan, trials, input.options.metric, arguments.json);
  if (end == sweep::SweepEnd::kInterrupted || end == sweep::SweepEnd::kOutOfTime)
    log().info("stopped; go on with: stoker sweep {}", open_sweep.folder.string());
  return code_of(end, trials);
}

ExitCode cross_validate(const TrainArguments& arguments) {
  if (arguments.resume)
    throw ConfigError(
        "--folds: the same command goes on where it was stopped; leave --resume out.");
  if (arguments.dry_run || !arguments.devices.empty() || !arguments.log_ranks.empty())
    throw ConfigError(
        "--folds: each fold is a training of one process; leave --dry-run, --devices and "
        "--log-ranks out. `stoker train CONFIG data.fold=1/5 --dry-run` shows the plan of one.");
  return sweep_verb({.words = arguments.words, .folds = arguments.folds});
}

}  // namespace stoker::app

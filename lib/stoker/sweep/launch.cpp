#include "stoker/sweep/launch.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/lines.h"
#include "stoker/launch/process.h"
#include "stoker/sweep/status.h"
#include "stoker/sweep/train_command.h"
#include "stoker/sweep/trial_folder.h"

namespace stoker::sweep {

namespace fs = std::filesystem;

namespace {

constexpr const char* kBatchFile = "sweep.sbatch";

std::vector<std::string> sweep_words(const std::vector<std::string>& program,
                                     const fs::path& folder) {
  std::vector<std::string> words = program;
  for (const std::string& word : {std::string("sweep"), fs::absolute(folder).string()})
    words.push_back(word);
  words.emplace_back("--task");
  return words;
}

// "1-4,7,9" of ascending numbers.
std::string ranges(std::span<const Trial> trials) {
  std::string text;
  for (size_t i = 0; i < trials.size();) {
    size_t end = i;
    while (end + 1 < trials.size() && trials[end + 1].number == trials[end].number + 1) ++end;
    if (!text.empty()) text += ',';
    text += fmt::format("{}", trials[i].number);
    if (end > i) text += fmt::format("-{}", trials[end].number);
    i = end + 1;
  }
  return text;
}

}  // namespace

std::string task_line(const std::vector<std::string>& program, const fs::path& folder,
                      const Trial& trial) {
  std::vector<std::string> words = sweep_words(program, folder);
  words.push_back(fmt::format("{}", trial.number));
  return shell_line(words);
}

std::string sbatch_text(const std::vector<std::string>& program, const fs::path& folder,
                        std::span<const Trial> trials, int64_t jobs) {
  const std::string name = fs::absolute(folder).lexically_normal().parent_path().filename();
  return fmt::format(
      R"(#!/bin/bash
# A sweep of stoker as a job array: task n is the n-th trial. Add what your cluster wants, such as
# --partition, --time, --gpus and --cpus-per-task, here or on sbatch's command line.
#SBATCH --job-name={}
#SBATCH --array={}%{}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output={}/slurm-%a.txt
#SBATCH --signal=B:TERM@90

{} "$SLURM_ARRAY_TASK_ID" &
trial=$!
trap 'kill -TERM "$trial"' TERM
wait "$trial"
code=$?
if [ "$code" -gt 128 ]; then  # wait was interrupted: the trial saves and ends
  wait "$trial"
  code=$?
fi
if [ "$code" -eq 75 ]; then
  scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"
fi
exit "$code"
)",
      shell_line({name}), ranges(trials), jobs, fs::absolute(folder).string(),
      shell_line(sweep_words(program, folder)));
}

std::string submit(const std::vector<std::string>& program, const fs::path& folder,
                   std::span<const Trial> trials, int64_t jobs) {
  const fs::path file = folder / kBatchFile;
  write_file_atomically(real_file_system(), file,
                        as_bytes(sbatch_text(program, folder, trials, jobs)));
  const launch::Answer answer =
      launch::ask({"/usr/bin/env", "sbatch", "--parsable", file.string()}, "");
  if (answer.ending.exit_code != 0)
    throw ConfigError(fmt::format("sbatch did not accept {} (exit code {}): {}", file.string(),
                                  answer.ending.exit_code, trimmed(answer.errors)));
  return answer.output.substr(0, answer.output.find('\n'));
}

void run_task(const std::vector<std::string>& program, const fs::path& folder, int64_t number) {
  const SweepStatus status = read_status(folder, "");
  if (status.plan.halving)
    throw ConfigError(
        "--task: a sweep with halving needs its coordinator; run it with --launcher local.");
  if (number < 1 || number > std::ssize(status.trials))
    throw ConfigError(
        fmt::format("--task: read {}, expected 1 to {}.", number, status.trials.size()));
  const Trial& trial = status.trials[static_cast<size_t>(number - 1)];
  if (trial.state == TrialState::kDone) return;
  const TrialFolder trial_folder(folder, trial);
  real_file_system().make_directories(trial_folder.path());
  const auto lock = trial_folder.lock();
  if (!lock) throw ConfigError(fmt::format("{} is running already.", trial.id()));
  trial_folder.remove_summary();
  const std::vector<std::string> words = train_command(program, folder, trial, 1, false);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::fcntl(lock->get(), F_SETFD, 0);
  ::execv(words[0].c_str(), arguments.data());
  throw ConfigError(fmt::format("{} cannot be started: {}", words[0], std::strerror(errno)));
}

}  // namespace stoker::sweep

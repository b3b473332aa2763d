// Sweeps that other schedulers run: one line a trial, and a job array for Slurm. Trials speak
// through their folders, so that nothing of the sweep has to run beside them.
//
//   stoker sweep runs/a/sweep-1 --task 7    # the seventh trial, from where it stopped
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "stoker/sweep/trial.h"

namespace stoker::sweep {

// The line of a trial; program: the words that stand before "sweep".
std::string task_line(const std::vector<std::string>& program, const std::filesystem::path& folder,
                      const Trial& trial);

// A batch file for sbatch that runs these trials as an array, `jobs` at a time. A trial that is
// interrupted (exit code 75) is queued again, and goes on from its checkpoint.
std::string sbatch_text(const std::vector<std::string>& program,
                        const std::filesystem::path& folder, std::span<const Trial> trials,
                        int64_t jobs);
// Writes it into the folder and gives it to sbatch; what that prints is the job's number. Throws
// ConfigError where there is no sbatch or it refuses.
std::string submit(const std::vector<std::string>& program, const std::filesystem::path& folder,
                   std::span<const Trial> trials, int64_t jobs);

// Becomes the trial's training. Returns where there is nothing to do: the trial is over. Throws
// ConfigError for a number that there is not, and for a trial that is running.
void run_task(const std::vector<std::string>& program, const std::filesystem::path& folder,
              int64_t number);

}  // namespace stoker::sweep

// Where the time of training steps goes: a trace of all threads, and tables of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "stoker/bench/profiler.h"
#include "stoker/jobs/benchmark.h"

namespace stoker::jobs {

struct ProfileOptions {
  int64_t warmup_steps = 3;
  int64_t steps = 20;            // without, and again with the profiler
  std::filesystem::path folder;  // for files of the moment: a checkpoint, the profiler's own
};

// One of our stages, on all threads that had it.
struct StageRow {
  trace::Stage stage = trace::Stage::kStep;
  int64_t count = 0;
  int64_t threads = 0;
  double total_s = 0;  // over the threads
};

struct Profile {
  BenchmarkSubject subject;
  int64_t steps = 0;
  double plain_s = 0;            // of so many steps without the profiler
  double profiled_s = 0;         // with it
  std::vector<StageRow> stages;  // of those steps alone; in their order; that had something to do
  // What comes after them in the trace: validation images, and a checkpoint.
  StageRow evaluation, snapshot, checkpoint;
  int64_t evaluated_images = 0;
  int64_t left_out = 0;  // ranges that the trace has no room for
  bench::Recording recording;
};

// Steps on the run's own images from its beginning, with weights that hardly move; then one
// evaluation of up to two batches, and one checkpoint. Nothing of it stays. Throws what training
// throws.
Profile profile_training(const run::RunConfig& config, const ProfileOptions& options);

}  // namespace stoker::jobs

// What a configuration's input path and training steps give on this machine.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "stoker/bench/loader_rate.h"
#include "stoker/bench/step_rate.h"
#include "stoker/run/run_config.h"

namespace stoker::run {
struct Session;
}

namespace stoker::jobs {

struct BenchmarkOptions {
  double seconds = 3;        // of each measurement
  int64_t rounds = 3;        // of training on synthetic and on real data, in turn
  std::vector<int> threads;  // of the loader; empty: powers of two up to the usable CPUs
  bool trains = true;        // compare training on real data with training on a batch in memory
};

// What was measured, so that a figure can be judged later.
struct BenchmarkSubject {
  std::string model, precision, device;
  std::string input;  // "3x32x32"
  int64_t batch_size = 0, microbatch = 0;
  int64_t images = 0;  // of the training set
  int usable_cpus = 0;
};

BenchmarkSubject subject_of(const run::Session& session);

// Training with the same steps on images that cost nothing and on those of the data set.
struct TrainingRatio {
  bench::StepRate synthetic, real;  // medians of the rounds by images per second
  double ratio = 0;                 // median over the rounds of real over synthetic
  double data_wait = 0;             // share of the real steps' time, over all rounds
  int64_t rounds = 0;
};

struct LoaderBenchmark {
  BenchmarkSubject subject;
  std::optional<bench::LoaderRate> first_epoch;  // where it fills the cache of decoded images
  std::vector<bench::LoaderRate> rates;          // by threads
  std::optional<TrainingRatio> training;
};
// say: called with what is being measured.
LoaderBenchmark benchmark_loader(const run::RunConfig& config, const BenchmarkOptions& options,
                                 const std::function<void(const std::string&)>& say);

struct StepBenchmark {
  BenchmarkSubject subject;
  bench::StepRate rate;
  int64_t parameters = 0;      // all of them, frozen ones too
  double flops_per_image = 0;  // forward and backward, the latter as twice the former
  double memory_gib = 0;
  int64_t peak_tensor_bytes = 0;
  double tflops_per_s() const { return rate.images_per_s() * flops_per_image * 1e-12; }
};
// Steps on one batch of the training set, kept in memory.
StepBenchmark benchmark_step(const run::RunConfig& config, const BenchmarkOptions& options);

}  // namespace stoker::jobs

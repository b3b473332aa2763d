// How many images a second the input path gives when nothing else is done with them.
//
//   LoaderRate first = measure_pass(source, options);      // the first epoch, which fills a cache
//   LoaderRate steady = measure_loader(source, options, 3.0);
//
// The batches are those of training: decoded and augmented on the CPU, or for a GPU copied to it
// and augmented there.
#pragma once

#include <cstdint>

#include "stoker/loader/stage_times.h"
#include "stoker/train/feed.h"

namespace stoker::bench {

struct LoaderRate {
  int threads = 0;
  int64_t images = 0;
  double time_s = 0;
  loader::StageTimes stages;  // of the threads, which work ahead of the images counted above

  double images_per_s() const { return static_cast<double>(images) / time_s; }
  // Share of the threads' time in which they worked, in [0, 1].
  double busy() const;
};

struct LoaderRateOptions {
  at::Device device{at::kCPU};
  train::Precision precision = train::Precision::kFp32;
  int64_t batch_size = 256;
  int threads = 0;  // 0: usable_cpus()
};

// The whole set once. Both throw what the loader throws, and Interrupted on a signal.
LoaderRate measure_pass(const train::Source& source, const LoaderRateOptions& options);
// At least `seconds` of whole batches, epoch after epoch, after two batches to warm up.
LoaderRate measure_loader(const train::Source& source, const LoaderRateOptions& options,
                          double seconds);

}  // namespace stoker::bench

// What one thread of a loader does with the samples that it is given: read, decode, augment.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "stoker/augment/pipeline_schedule.h"
#include "stoker/core/trace.h"
#include "stoker/data/dataset.h"
#include "stoker/decode/decode.h"
#include "stoker/loader/batch_job.h"
#include "stoker/loader/loader.h"
#include "stoker/loader/stage_times.h"

namespace stoker::loader {

// Used by one thread at a time. Its buffers grow to the largest sample and stay.
class SampleWorker {
 public:
  // All three must outlive the worker.
  SampleWorker(const data::Dataset& dataset, const augment::PipelineSchedule& pipelines,
               const LoaderOptions& options);

  // Loads slots [begin, end) of the job and says where the time went. Errors go to the job, never
  // to the caller. Returns early once `stop` is set.
  StageTimes load(BatchJob& job, int64_t begin, int64_t end, const std::atomic<bool>& stop);
  // How many samples to take at a time, so that taking costs nothing beside loading.
  int64_t run_length() const { return run_length_; }

 private:
  void load_run(BatchJob& job, int64_t begin, int64_t end, const std::atomic<bool>& stop);
  void load_sample(BatchJob& job, int64_t slot, int64_t sample);
  struct Drawn {
    augment::Pipeline::Size size;
    augment::Recipe recipe;
  };
  Drawn draw(StreamKey key, int32_t width, int32_t height);
  kernels::ImageView decode(const data::Record& record, StreamKey key, Drawn& drawn);
  augment::Pipeline::Size output_size(const augment::Pipeline& pipeline, int32_t width,
                                      int32_t height);
  void handle_error(BatchJob& job, int64_t slot, int64_t sample) const;

  const data::Dataset& dataset_;
  const augment::PipelineSchedule& pipelines_;
  const LoaderOptions& options_;
  const bool shrinks_;
  decode::Decoder decoder_;
  std::vector<std::byte> scratch_;
  std::vector<uint8_t> decoded_;
  // Size of the last source and of what the pipeline made of it: mostly they are all the same.
  const augment::Pipeline* last_pipeline_ = nullptr;
  augment::Pipeline::Size last_source_, last_output_;
  int64_t run_length_ = 1;
  double sample_s_ = 0;  // moving mean
  void lap(StageClock::Lap lap);
  StageClock clock_;
  trace::Laps laps_;
};

}  // namespace stoker::loader

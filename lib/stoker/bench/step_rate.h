// How long training steps take, on images that come for nothing or from a loader.
//
//   RepeatedBatch synthetic(one_microbatch);
//   StepRate rate = measure_steps(step, synthetic, state, events, 3.0);
#pragma once

#include <cstdint>
#include <utility>

#include "stoker/train/feed.h"
#include "stoker/train/step.h"

namespace stoker::bench {

// The same micro-batch for ever, kept on the device.
class RepeatedBatch : public train::BatchSource {
 public:
  explicit RepeatedBatch(ops::TensorBatch batch) : batch_(std::move(batch)) {}
  std::optional<ops::TensorBatch> next() override { return batch_; }
  double wait_s() const override { return 0; }

 private:
  ops::TensorBatch batch_;
};

struct StepRate {
  int64_t steps = 0;
  int64_t images = 0;
  double time_s = 0;
  double data_wait_s = 0;  // of which the loop waited for images
  // On a GPU of the host's time a step, which runs ahead of the device: only time_s is exact.
  double median_step_s = 0, fastest_step_s = 0, slowest_step_s = 0;

  double images_per_s() const { return static_cast<double>(images) / time_s; }
};

// At least `seconds` and three steps, after two to warm up. Throws what the step throws, and
// Interrupted on a signal.
StepRate measure_steps(train::TrainStep& step, train::BatchSource& batches, train::State& state,
                       train::Events& events, double seconds);

}  // namespace stoker::bench

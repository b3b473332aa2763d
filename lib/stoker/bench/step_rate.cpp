#include "stoker/bench/step_rate.h"

#include <algorithm>
#include <vector>

#include "stoker/bench/clock.h"

namespace stoker::bench {

namespace {
constexpr int kWarmupSteps = 2;
constexpr size_t kFewestSteps = 3;
}  // namespace

RepeatedBatch::RepeatedBatch(const ops::TensorBatch& batch)
    : batch_{batch.images.clone(), batch.labels.clone()} {}

StepRate measure_steps(train::TrainStep& step, train::BatchSource& batches, train::State& state,
                       double seconds) {
  for (int i = 0; i < kWarmupSteps; ++i) step.run(batches);
  step.read_losses();
  state.records.clear();
  wait_for(state.device);
  const double waited_before = batches.wait_s();
  const Clock::time_point start = Clock::now();
  while (seconds_since(start) < seconds || state.records.size() < kFewestSteps) {
    check_interrupt();
    step.run(batches);
    if (!state.device.is_cpu() && seconds_since(start) >= seconds) step.read_losses();
  }
  step.read_losses();
  wait_for(state.device);
  StepRate rate{.time_s = seconds_since(start), .data_wait_s = batches.wait_s() - waited_before};
  std::vector<double> times;
  for (const train::StepRecord& record : state.records) {
    rate.images += record.images;
    times.push_back(record.time_s);
  }
  rate.steps = static_cast<int64_t>(times.size());
  std::ranges::sort(times);
  rate.fastest_step_s = times.front();
  rate.median_step_s = times[times.size() / 2];
  rate.slowest_step_s = times.back();
  state.records.clear();
  return rate;
}

}  // namespace stoker::bench

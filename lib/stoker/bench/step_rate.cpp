#include "stoker/bench/step_rate.h"

#include <algorithm>
#include <vector>

#include "stoker/bench/clock.h"

namespace stoker::bench {

namespace {
constexpr int kWarmupSteps = 2;
constexpr size_t kFewestSteps = 3;
}  // namespace

StepRate measure_steps(train::TrainStep& step, train::BatchSource& batches, train::State& state,
                       train::Events& events, double seconds) {
  for (int i = 0; i < kWarmupSteps; ++i) step.run(state, batches, events);
  step.read_losses(state.position);
  wait_for(state.facts.device);
  const double waited_before = batches.wait_s();
  const int64_t images_before = state.position.images_seen;
  std::vector<double> times;
  const Stopwatch watch;
  while (watch.elapsed_s() < seconds || times.size() < kFewestSteps) {
    check_interrupt();
    const double step_time_before = state.position.train_time_s;
    step.run(state, batches, events);
    times.push_back(state.position.train_time_s - step_time_before);
    if (!state.facts.device.is_cpu() && watch.elapsed_s() >= seconds) {
      step.read_losses(state.position);
    }
  }
  step.read_losses(state.position);
  wait_for(state.facts.device);
  StepRate rate{.steps = std::ssize(times),
                .images = state.position.images_seen - images_before,
                .time_s = watch.elapsed_s(),
                .data_wait_s = batches.wait_s() - waited_before};
  std::ranges::sort(times);
  rate.fastest_step_s = times.front();
  rate.median_step_s = times[times.size() / 2];
  rate.slowest_step_s = times.back();
  return rate;
}

}  // namespace stoker::bench

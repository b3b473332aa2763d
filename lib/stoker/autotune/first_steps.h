// The first steps of a run, one by one with their losses; the session is worn out by them.
//
//   FirstSteps steps(session, schedule);
//   const train::StepRecord record = steps.next();
#pragma once

#include <utility>
#include <vector>

#include "stoker/bench/clock.h"
#include "stoker/run/throwaway.h"

namespace stoker::autotune {

class FirstSteps {
 public:
  FirstSteps(run::Session& session, optim::Schedule schedule)
      : training_(session, std::move(schedule)), feed_(training_.feed()) {}

  // Throws what a step throws, and Interrupted on a signal.
  train::StepRecord next() {
    bench::check_interrupt();
    train::State& state = training_.state();
    training_.step().run(state, feed_, training_.events());
    // On the CPU the step has read its loss already, into the window of the log.
    const std::vector<train::StepRecord> read = training_.step().read_losses(state.position);
    const train::LogWindow window = std::exchange(state.position.window, {});
    if (!read.empty()) return read.back();
    return {.step = state.position.step,
            .loss = window.loss(),
            .lr = window.lr,
            .images = window.images,
            .time_s = window.time_s,
            .data_wait_s = window.data_wait_s};
  }

 private:
  run::ThrowawayTraining training_;
  train::Feed feed_;
};

}  // namespace stoker::autotune

// Training steps of a session that are measured and thrown away.
//
//   ThrowawaySteps steps(session, [&](int64_t) { return factor; });
//   const train::StepRecord record = steps.next();
#pragma once

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "stoker/bench/clock.h"
#include "stoker/run/session.h"
#include "stoker/train/feed.h"
#include "stoker/train/step.h"

namespace stoker::autotune {

class ThrowawaySteps {
 public:
  // The steps of the run from its first on, however many, whatever their losses.
  ThrowawaySteps(run::Session& session, optim::Schedule schedule)
      : state_(*session.model, *session.optimizer, session.scaler.get(), endless(session)),
        events_(state_, session.algorithms),
        step_(unlimited(session.config.train), std::move(schedule), session.class_weights),
        feed_(session.train, session.device, session.config.train.precision,
              train::training_chunks(state_.facts.plan, 0)) {
    session.model->train();
  }

  // Throws what a step throws, and Interrupted on a signal.
  train::StepRecord next() {
    bench::check_interrupt();
    step_.run(state_, feed_, events_);
    // On the CPU the step has read its loss already, into the window of the log.
    const std::vector<train::StepRecord> read = step_.read_losses(state_.position);
    if (!read.empty()) return read.back();
    const train::LogWindow window = std::exchange(state_.position.window, {});
    return {.step = state_.position.step,
            .loss = window.loss(),
            .lr = window.lr,
            .images = window.images,
            .time_s = window.time_s,
            .data_wait_s = window.data_wait_s};
  }

 private:
  static train::RunFacts endless(const run::Session& session) {
    train::RunFacts facts = session.state->facts;
    facts.plan.total_steps = std::numeric_limits<int32_t>::max();
    return facts;
  }
  static train::TrainOptions unlimited(train::TrainOptions options) {
    options.max_nonfinite_steps = std::numeric_limits<int32_t>::max();
    return options;
  }

  train::State state_;
  train::Events events_;
  train::TrainStep step_;
  train::Feed feed_;
};

}  // namespace stoker::autotune

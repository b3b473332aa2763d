// A session whose training is measured and thrown away: any number of steps, whatever their losses.
//
//   ThrowawayTraining training(session, [](int64_t) { return 1e-6; });
//   train::Feed feed = training.feed();
//   training.step().run(training.state(), feed, training.events());
#pragma once

#include <cstdint>
#include <limits>
#include <utility>

#include "stoker/run/session.h"
#include "stoker/train/feed.h"
#include "stoker/train/step.h"

namespace stoker::run {

class ThrowawayTraining {
 public:
  // The session must outlive it. schedule: the factor of the rate at each step.
  ThrowawayTraining(Session& session, optim::Schedule schedule)
      : session_(session),
        state_(*session.model, *session.optimizer, session.scaler.get(), endless(session)),
        events_(state_, session.algorithms),
        step_(unlimited(session.config.train), std::move(schedule), session.loss_weights,
              *session.group) {
    session.model->train();
  }
  ThrowawayTraining(const ThrowawayTraining&) = delete;
  ThrowawayTraining& operator=(const ThrowawayTraining&) = delete;

  train::State& state() { return state_; }
  train::Events& events() { return events_; }
  train::TrainStep& step() { return step_; }
  // The run's images from the present step on.
  train::Feed feed() const {
    return {session_.train, session_.device, session_.config.train.precision,
            train::training_chunks(state_.facts.plan, state_.position.step)};
  }

 private:
  static train::RunFacts endless(const Session& session) {
    train::RunFacts facts = session.state->facts;
    facts.plan.total_steps = std::numeric_limits<int32_t>::max();
    return facts;
  }
  static train::TrainOptions unlimited(train::TrainOptions options) {
    options.max_nonfinite_steps = std::numeric_limits<int32_t>::max();
    return options;
  }

  Session& session_;
  train::State state_;
  train::Events events_;  // of the state, which comes first and never moves
  train::TrainStep step_;
};

}  // namespace stoker::run

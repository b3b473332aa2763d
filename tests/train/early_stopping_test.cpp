#include "stoker/train/early_stopping.h"

#include <limits>

#include "support/catch.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;

TEST_CASE("patience counts evaluations that are no better", "[train]") {
  const train::EarlyStoppingOptions options{.patience = 2, .min_delta = 0.1};
  train::Position position;
  const auto stops_at = [&](double value, bool lower) {
    train::note_evaluation(position, value, options, lower);
    return train::has_waited_enough(position, options);
  };
  CHECK_FALSE(stops_at(0.5, false));
  CHECK_FALSE(stops_at(0.55, false));  // better, but not by enough
  CHECK_FALSE(stops_at(0.65, false));
  CHECK(position.best_monitored == 0.65);
  CHECK_FALSE(stops_at(std::numeric_limits<double>::quiet_NaN(), false));
  CHECK(stops_at(0.7, false));

  position = {};
  CHECK_FALSE(stops_at(0.5, true));
  CHECK_FALSE(stops_at(0.3, true));
  CHECK_FALSE(stops_at(0.25, true));
  CHECK(stops_at(0.9, true));
  CHECK_FALSE(train::has_waited_enough(position, {}));  // no patience: never
}

TEST_CASE("a run that gets no better ends early, and says so", "[train]") {
  ToyRun run;
  run.options.train.epochs = 50;
  run.options.train.early_stopping.patience = 3;
  run.val = squares(5);
  // Nothing is learned: each evaluation is as good as the first.
  train::Trainer trainer(
      {.state = run.state(), .algorithms = run.algorithms, .train = run.source, .val = run.val},
      [](int64_t) { return 0.0; }, run.options);
  std::string reason;
  trainer.add(std::make_unique<CallbackAt>(
      train::Event::kFitDone, [&](const train::View& view) { reason = view.ending->reason; }));
  CHECK(trainer.fit() == train::StopReason::kEarlyStopping);
  CHECK(reason == "early_stopping");
  CHECK(run.state().position.step == 4 * run.state().facts.plan.steps_per_epoch);
}

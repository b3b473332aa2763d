#include "stoker/train/events.h"

#include <string>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/train/checkpoint_compare.h"
#include "stoker/train/snapshot.h"
#include "support/catch.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;
using train::Event;

namespace {

const char* name_of(Event event) {
  switch (event) {
    case Event::kFitStart:
      return "fit_start";
    case Event::kStepStart:
      return "step_start";
    case Event::kBatchReady:
      return "batch_ready";
    case Event::kLossReady:
      return "loss_ready";
    case Event::kSecondPass:
      return "second_pass";
    case Event::kSecondPassDone:
      return "second_pass_done";
    case Event::kMicroBatchDone:
      return "micro_batch_done";
    case Event::kGradientsReady:
      return "gradients_ready";
    case Event::kStepDone:
      return "step_done";
    case Event::kMemoryChange:
      return "memory_change";
    case Event::kLog:
      return "log";
    case Event::kEpochDone:
      return "epoch_done";
    case Event::kEvalStart:
      return "eval_start";
    case Event::kEvalProgress:
      return "eval_progress";
    case Event::kEvalDone:
      return "eval_done";
    case Event::kEvalFailed:
      return "eval_failed";
    case Event::kCheckpointDone:
      return "checkpoint_done";
    case Event::kFitDone:
      return "fit_done";
  }
  return "";
}

bool has_batch(Event event) {
  return event == Event::kBatchReady || event == Event::kLossReady ||
         event == Event::kMicroBatchDone;
}

using Seen = std::vector<std::string>;

class ListeningAlgorithm : public train::Algorithm {
 public:
  explicit ListeningAlgorithm(Seen& seen) : seen_(seen) {}
  std::string name() const override { return "listening"; }
  void apply(Event event, train::Context& context) override {
    CHECK((context.batch != nullptr) == has_batch(event));
    CHECK((context.ending != nullptr) == (event == Event::kFitDone));
    CHECK((context.eval_progress != nullptr) == (event == Event::kEvalProgress));
    seen_.push_back(name_of(event));
  }

 private:
  Seen& seen_;
};

class ListeningCallback : public train::Callback {
 public:
  explicit ListeningCallback(Seen& seen) : seen_(seen) {}
  void observe(Event event, const train::View& view) override {
    CHECK((view.batch != nullptr) == has_batch(event));
    CHECK((view.eval_progress != nullptr) == (event == Event::kEvalProgress));
    // What algorithms heard just before, callbacks hear now.
    REQUIRE_FALSE(seen_.empty());
    CHECK(seen_.back() == name_of(event));
    seen_.push_back("c");
  }

 private:
  Seen& seen_;
};

}  // namespace

TEST_CASE("every event reaches algorithms, then callbacks, in the order of event.h", "[train]") {
  ToyRun run;  // 15 images: two steps an epoch
  run.options.train.epochs = 1;
  run.val = squares(3);
  Seen seen;
  run.algorithms.push_back(std::make_unique<ListeningAlgorithm>(seen));
  train::Trainer trainer = run.trainer();
  trainer.add(std::make_unique<ListeningCallback>(seen));
  trainer.fit();
  Seen names;
  for (const std::string& event : seen)
    if (event != "c") names.push_back(event);
  CHECK(seen.size() == 2 * names.size());
  const Seen step{"step_start",  "batch_ready", "loss_ready",       "micro_batch_done",
                  "batch_ready", "loss_ready",  "micro_batch_done", "gradients_ready",
                  "step_done",   "log"};
  Seen expected{"fit_start"};
  expected.insert(expected.end(), step.begin(), step.end());
  expected.insert(expected.end(), step.begin(), step.end());
  for (const char* event : {"epoch_done", "eval_start", "eval_progress", "eval_done", "fit_done"})
    expected.push_back(event);
  CHECK(names == expected);
}

TEST_CASE(
    "an evaluation that fails is reported to all, so that weights that were swapped in go back",
    "[train]") {
  ToyRun run;
  run.val = squares(3, {1});  // on_error is fail
  Seen seen;
  run.algorithms.push_back(std::make_unique<ListeningAlgorithm>(seen));
  train::Trainer trainer = run.trainer();
  CHECK_THROWS_AS(trainer.fit(), DataError);
  REQUIRE(seen.size() > 2);
  CHECK(Seen(seen.end() - 3, seen.end()) == Seen{"eval_start", "eval_failed", "fit_done"});
}

TEST_CASE("a run that a signal stops ends as interrupted", "[train]") {
  ToyRun run;
  train::Trainer trainer = run.trainer();
  std::string reason;
  trainer.add(
      std::make_unique<CallbackAt>(Event::kStepDone, [](const train::View&) { set_interrupt(2); }));
  trainer.add(std::make_unique<CallbackAt>(
      Event::kFitDone, [&](const train::View& view) { reason = view.ending->reason; }));
  CHECK(trainer.fit() == train::StopReason::kInterrupted);
  set_interrupt(0);
  CHECK(reason == "interrupted");
  CHECK(run.state().position.step == 1);
}

TEST_CASE("a signal in the middle of a step takes the step back", "[train]") {
  ToyRun run;
  int64_t calls = 0;
  run.model->on_forward = [&](const at::Tensor&) {
    if (++calls == 3) set_interrupt(2);  // the first micro-batch of the second step
  };
  train::Trainer trainer = run.trainer();
  CHECK(trainer.fit() == train::StopReason::kInterrupted);
  set_interrupt(0);
  CHECK(calls == 3);
  CHECK(run.state().position.step == 1);
  CHECK(run.model->passes.item<int64_t>() == 2);
  CHECK_FALSE(run.model->weight.grad().defined());

  ToyRun whole;  // the same as one that was stopped after its first step
  whole.options.train.max_steps = 1;
  whole.trainer().fit();
  CHECK(train::differences(train::capture(whole.state(), whole.algorithms), trainer.content()) ==
        std::vector<std::string>{});
}

TEST_CASE("a run that is to stop after some epochs ends there, its schedule laid over all",
          "[train]") {
  ToyRun run;  // two epochs of two steps
  run.options.train.stop_after_epochs = 1.5;
  CHECK(run.trainer().fit() == train::StopReason::kStopAfterEpochs);
  CHECK(run.state().position.step == 3);
  CHECK(run.state().facts.plan.total_steps == 4);
  CHECK(train::stop_reason_text(train::StopReason::kStopAfterEpochs) == "stop_after_epochs");
}

#include <signal.h>

#include "stoker/callbacks/interrupt_notice.h"
#include "stoker/callbacks/training_bar.h"
#include "stoker/core/interrupt.h"
#include "support/catch.h"
#include "support/child.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;

namespace {

// 45 images: 6 steps of 7 an epoch.
struct Run : ToyRun {
  explicit Run(double epochs = 3) : ToyRun(45) { options.train.epochs = epochs; }
  train::Position& at(int64_t step) {
    state().position.step = step;
    return state().position;
  }
};

void add_step(train::LogWindow& window, double loss, double lr) {
  window.add({.loss = loss, .lr = lr, .images = 7, .time_s = 0.5});
}

}  // namespace

TEST_CASE("a run that was asked to stop says which step or evaluation is waited for") {
  Run run;
  run.at(4);
  const ChildResult result = run_in_child([&] {
    install_interrupt_handlers();
    const auto notice = callbacks::make_interrupt_notice("runs/a/1");
    const auto at = [&](train::Event event) {
      notice->observe(event, {.state = run.state()});
      raise(SIGALRM);  // as it comes every ten seconds
    };
    raise(SIGINT);
    at(train::Event::kStepStart);
    at(train::Event::kEvalStart);
    at(train::Event::kFitDone);
  });
  CHECK(result.exit_code == 0);
  CHECK(result.standard_error ==
        "still in step 5 of 18: a micro-batch of 4 images is computed to its end\n"
        "still in the evaluation after step 4\n");
}

TEST_CASE("the training bar counts the steps of the epoch under way") {
  Run run(2.5);
  callbacks::TrainingBar bar;
  run.at(0);
  bar.start(run.state());
  const auto text_at = [&](int64_t step) {
    run.at(step);
    const ProgressText text = bar.text(run.state());
    return text.head + "  " + text.count;
  };
  CHECK(text_at(0) == "epoch 1/2.5  0/6");
  CHECK(text_at(1) == "epoch 1/2.5  1/6");
  CHECK(text_at(6) == "epoch 1/2.5  6/6");
  CHECK(text_at(7) == "epoch 2/2.5  1/6");
  CHECK(text_at(14) == "epoch 3/2.5  2/3");  // half an epoch is left
  CHECK(text_at(15) == "epoch 3/2.5  3/3");
}

TEST_CASE("the training bar shows the newest loss that is known, and its rate") {
  Run run;
  callbacks::TrainingBar bar;
  bar.start(run.state());
  train::Position& position = run.at(1);
  CHECK(bar.text(run.state()).parts.empty());  // a GPU's losses are read at log steps
  add_step(position.window, 2.5, 0.75);
  CHECK(bar.text(run.state()).parts == std::vector<std::string>{"loss 2.500", "lr 0.75"});
  bar.logged(run.state());
  position.window = {};
  CHECK(bar.text(run.state()).parts == std::vector<std::string>{"loss 2.500", "lr 0.75"});
  add_step(position.window, std::numeric_limits<double>::quiet_NaN(), 0.5);
  CHECK(bar.text(run.state()).parts == std::vector<std::string>{"loss nan", "lr 0.5"});
}

TEST_CASE("the training bar says how long the epoch and the run take, with their evaluations") {
  Run run;
  callbacks::TrainingBar bar;
  run.at(2);
  bar.start(run.state());
  run.at(4);
  bar.step_done(run.state());
  const std::vector<std::string> parts = bar.text(run.state()).parts;
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].ends_with(" img/s"));
  CHECK(parts[1] == "eta 0:00");
  CHECK(parts[2] == "run 0:00");
  bar.leave_out(30);  // an evaluation of 30 s in 2 steps, and 14 steps to go
  CHECK(bar.text(run.state()).parts[1] == "eta 0:00");
  CHECK(bar.text(run.state()).parts[2] == "run 3:30");
}

TEST_CASE("the bar of an evaluation has no end until the first batch has said it") {
  Run run;
  run.at(6);
  callbacks::EvaluationBar bar(run.state());
  CHECK(progress_line(bar.text(), 80) == "epoch 1/3  val");
  bar.note({.done = 1000, .of = 5000});
  CHECK(bar.text().count == "1,000/5,000");
  CHECK(bar.text().done * 5 == bar.text().of);
  CHECK(bar.text().parts[0].ends_with(" img/s"));
  CHECK(bar.text().parts[1] == "eta 0:00");
}

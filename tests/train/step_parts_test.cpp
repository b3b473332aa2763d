// The three parts of a step, each by itself.
#include <ATen/ops/tensor.h>

#include <cmath>
#include <limits>

#include "stoker/core/error.h"
#include "stoker/train/gradient_pass.h"
#include "stoker/train/loss_reader.h"
#include "stoker/train/update.h"
#include "support/catch.h"
#include "support/thrown.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;

namespace {

// The gradient of a step over 7 of 15 images, with this micro-batch.
at::Tensor gradient_with(int64_t microbatch, train::StepGradients* result = nullptr) {
  ToyRun run;
  run.options.train.microbatch = microbatch;
  train::Events events(run.state(), run.algorithms);
  train::Feed feed(run.source, at::kCPU, train::Precision::kFp32,
                   train::training_chunks(run.state().facts.plan, 0));
  train::GradientPass pass(run.options.train);
  CHECK_FALSE(pass.has_begun());
  const train::StepGradients gradients = pass.run(run.state(), feed, events);
  CHECK(pass.has_begun());
  if (result != nullptr) *result = gradients;
  return run.model->weight.grad().clone();
}

}  // namespace

TEST_CASE("gradients of a step do not depend on the micro-batch", "[train]") {
  train::StepGradients whole;
  const at::Tensor expected = gradient_with(7, &whole);
  CHECK(whole.images == 7);
  for (const int64_t microbatch : {1, 2, 3, 4, 5, 6}) {
    CAPTURE(microbatch);
    train::StepGradients parts;
    // Sums of seven terms of about 1 in another order: float32 keeps 1e-6 of them.
    CHECK(gradient_with(microbatch, &parts).allclose(expected, 1e-5, 1e-6));
    CHECK(parts.images == 7);
    CHECK(parts.loss_sum.item<double>() == Approx(whole.loss_sum.item<double>()).epsilon(1e-6));
  }
}

TEST_CASE("an algorithm may set the loss of each image, and pull the rate of a step", "[train]") {
  const auto weight_after = [](double loss_factor, std::optional<train::LrPull> pull) {
    ToyRun run;
    run.options.train.max_steps = 1;
    run.algorithms.push_back(
        std::make_unique<AlgorithmAt>(train::Event::kLossReady, [&](train::Context& context) {
          train::MicroBatch& batch = *context.batch;
          CHECK(batch.logits.sizes() == at::IntArrayRef{batch.labels.size(0), 3});
          REQUIRE(batch.losses.sizes() == batch.labels.sizes());
          batch.losses = batch.losses * loss_factor;
        }));
    run.algorithms.push_back(std::make_unique<AlgorithmAt>(
        train::Event::kStepStart, [&](train::Context& context) { context.state.lr_pull = pull; }));
    const at::Tensor before = run.model->weight.detach().clone();
    run.trainer().fit();
    return at::Tensor(run.model->weight.detach() - before);
  };
  const at::Tensor plain = weight_after(1, std::nullopt);
  // Of weights below 1, whose last place is 6e-8, the moves are differences.
  constexpr double kRounding = 3e-7;
  CHECK(plain.abs().max().item<float>() > 3e-5);
  // The schedule's factor is 0.01; two thirds of the way to 0.04 are 0.03.
  CHECK(weight_after(3, std::nullopt).allclose(3 * plain, 0, kRounding));
  CHECK(weight_after(1, train::LrPull{.factor = 0.04, .share = 2.0 / 3})
            .allclose(3 * plain, 0, kRounding));
}

TEST_CASE("a pass whose first images cannot be read has not begun", "[train]") {
  ToyRun run(7, {0, 1, 2, 3, 4, 5, 6});
  train::Events events(run.state(), run.algorithms);
  train::Feed feed(run.source, at::kCPU, train::Precision::kFp32,
                   train::training_chunks(run.state().facts.plan, 0));
  train::GradientPass pass(run.options.train);
  CHECK_THROWS_AS(pass.run(run.state(), feed, events), DataError);
  CHECK_FALSE(pass.has_begun());
}

TEST_CASE("an update moves by rate times gradient, once", "[train]") {
  ToyRun run;
  const double base = run.optimizer->base_lr();
  const at::Tensor before = run.model->weight.detach().clone();
  run.model->weight.mutable_grad() = at::full({18, 3}, 2.0);
  CHECK(train::update_parameters(run.state(), at::full({}, 1.0), 0.25, {}));
  CHECK(run.model->weight.detach().allclose(before - 0.25 * base * 2, 1e-6, 1e-7));
  CHECK_FALSE(run.model->weight.grad().defined());
}

TEST_CASE("an update clips to the norm", "[train]") {
  ToyRun run;
  const at::Tensor before = run.model->weight.detach().clone();
  run.model->weight.mutable_grad() = at::full({18, 3}, 2.0);
  train::update_parameters(run.state(), at::full({}, 1.0), 1, {.norm = 0.5});
  const at::Tensor moved = (before - run.model->weight.detach()) / run.optimizer->base_lr();
  CHECK(moved.norm().item<double>() == Approx(0.5).epsilon(1e-5));
}

TEST_CASE("an update is left out for a loss or a gradient that is not finite", "[train]") {
  for (const double value :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    ToyRun run;
    const at::Tensor before = run.model->weight.detach().clone();
    run.model->weight.mutable_grad() = at::full({18, 3}, 2.0);
    CHECK_FALSE(train::update_parameters(run.state(), at::full({}, value), 1, {}));
    run.model->weight.mutable_grad() = at::full({18, 3}, value);
    CHECK_FALSE(train::update_parameters(run.state(), at::full({}, 1.0), 1, {.norm = 1.0}));
    CHECK(run.model->weight.equal(before));
    CHECK_FALSE(run.model->weight.grad().defined());
  }
}

TEST_CASE("losses are read late, in order, into the window", "[train]") {
  train::LossReader losses(3);
  train::Position position;
  CHECK(losses.read(position).empty());
  losses.add({.step = 1, .lr = 0.3, .images = 4, .time_s = 1, .data_wait_s = 0.5},
             at::full({}, 2.0));
  losses.add({.step = 2, .lr = 0.2, .images = 2, .time_s = 1}, at::full({}, 5.0));
  const auto records = losses.read(position);
  REQUIRE(records.size() == 2);
  CHECK(records[0].loss == 2);
  CHECK(records[1].loss == 5);
  CHECK(position.window.loss() == Approx(3));  // (4 * 2 + 2 * 5) / 6
  CHECK(position.window.images_per_s() == Approx(3));
  CHECK(position.window.data_wait() == Approx(0.25));
  CHECK(position.window.lr == 0.2);
  CHECK(losses.read(position).empty());
  CHECK(position.window.steps == 2);
}

TEST_CASE("a streak of losses that are not finite diverges; steps without images do not count",
          "[train]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  train::LossReader losses(2);
  train::Position position;
  const auto add = [&](int64_t step, int64_t images, double loss) {
    losses.add({.step = step, .lr = 0.5, .images = images}, at::full({}, loss));
  };
  add(1, 4, 1.5);
  add(2, 4, nan);
  add(3, 4, 2.5);
  CHECK(losses.read(position)[1].skipped);
  CHECK(position.nonfinite_in_a_row == 0);
  CHECK(position.window.loss() == Approx(2));
  add(4, 4, nan);
  add(5, 0, 0);
  losses.read(position);
  CHECK(position.nonfinite_in_a_row == 1);
  add(6, 4, nan);
  CHECK_THAT(message_of<Diverged>([&] { losses.read(position); }),
             Catch::Contains("at step 6, for 2 steps in a row") &&
                 Catch::Contains("the last finite losses were [1.5, 2.5]"));
  train::LossReader from_the_start(1);
  from_the_start.add({.step = 1, .lr = 0.5, .images = 4}, at::full({}, nan));
  CHECK_THAT(message_of<Diverged>([&] { from_the_start.read(position); }),
             Catch::Contains("no loss was finite") && !Catch::Contains("[]"));
}

TEST_CASE("a loss that is not finite on some ranks alone names them", "[train]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto message = [&](const at::Tensor& by_rank) {
    const auto group = dist::planned(3);
    train::LossReader losses(1, *group);
    train::Position position;
    losses.add({.step = 1, .lr = 0.5, .images = 4}, at::full({}, nan), by_rank);
    return message_of<Diverged>([&] { losses.read(position); });
  };
  CHECK_THAT(message(at::tensor({1.5, nan, 2.5})),
             Catch::Contains("on rank 1 of 3, and not on the others"));
  CHECK_THAT(message(at::tensor({nan, 1.5, nan})),
             Catch::Contains("on rank 0 of 3, rank 2 of 3, and not"));
  CHECK_THAT(message(at::tensor({nan, nan, nan})), !Catch::Contains("rank 1"));
}

#include "stoker/algorithms/sam.h"

#include <ATen/ops/full.h>

#include <limits>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;

namespace {

constexpr double kRho = 0.3, kEta = 0.2;

// The gradient of the first step at `weight`, and what the pass leaves of it.
struct Taken {
  at::Tensor gradient, weight;
  int64_t passes = 0;
  double loss = 0;
};

Taken take(const at::Tensor& weight, int64_t microbatch,
           std::unique_ptr<train::Algorithm> algorithm = nullptr) {
  ToyRun run;
  run.options.train.microbatch = microbatch;
  run.model->weight.set_data(weight.clone());
  if (algorithm) run.algorithms.push_back(std::move(algorithm));
  train::Events events(run.state(), run.algorithms);
  train::Feed feed(run.source, at::kCPU, train::Precision::kFp32,
                   train::training_chunks(run.state().facts.plan, 0));
  train::GradientPass pass(run.options.train);
  const train::StepGradients gradients = pass.run(run.state(), feed, events);
  return {run.model->weight.grad().clone(), run.model->weight.detach().clone(),
          run.model->passes.item<int64_t>(), gradients.loss_sum.item<double>()};
}

at::Tensor start() { return ToyRun().model->weight.detach().clone(); }

std::unique_ptr<train::Algorithm> sam() { return algorithms::make_sam({.rho = kRho}); }

std::unique_ptr<train::Algorithm> asam() {
  return algorithms::make_asam({.rho = kRho, .eta = kEta});
}

}  // namespace

TEST_CASE("sam's gradient is that at rho along the normalized gradient", "[sam]") {
  const at::Tensor weight = start();
  const at::Tensor first = take(weight, 7).gradient;
  const at::Tensor expected = take(weight + kRho * first / first.norm(), 7).gradient;
  CHECK_FALSE(expected.allclose(first, 1e-3, 1e-3));
  for (const int64_t microbatch : {7, 4, 2}) {
    CAPTURE(microbatch);
    const Taken taken = take(weight, microbatch, sam());
    // Sums over seven images in another order, as in step_parts_test.cpp.
    CHECK(taken.gradient.allclose(expected, 1e-5, 1e-6));
    CHECK(taken.weight.equal(weight));
    CHECK(taken.loss == Approx(take(weight, 7).loss).epsilon(1e-6));
  }
}

TEST_CASE("asam measures the distance by each weight's size", "[sam]") {
  const at::Tensor weight = start();
  const at::Tensor first = take(weight, 7).gradient, size = weight.abs() + kEta;
  const at::Tensor away = kRho * size * size * first / (size * first).norm();
  const Taken taken = take(weight, 4, asam());
  CHECK(taken.gradient.allclose(take(weight + away, 7).gradient, 1e-5, 1e-6));
  CHECK(taken.weight.equal(weight));
}

TEST_CASE("running statistics see the first of sam's passes alone", "[sam]") {
  CHECK(take(start(), 4).passes == 2);
  CHECK(take(start(), 4, sam()).passes == 2);
}

TEST_CASE("an error in the second pass leaves weights and statistics as they were", "[sam]") {
  ToyRun run;
  run.algorithms.push_back(sam());
  int calls = 0;
  run.model->on_forward = [&](const at::Tensor&) {
    if (++calls == 4) throw OutOfMemory("no memory");
  };
  const at::Tensor before = run.model->weight.detach().clone();
  train::Events events(run.state(), run.algorithms);
  train::Feed feed(run.source, at::kCPU, train::Precision::kFp32,
                   train::training_chunks(run.state().facts.plan, 0));
  train::TrainStep step(run.options.train, [](int64_t) { return 0.01; });
  CHECK_THROWS_AS(step.run(run.state(), feed, events), OutOfMemory);
  CHECK(step.is_untouched());
  CHECK(run.model->weight.equal(before));
  CHECK_FALSE(run.model->weight.grad().defined());
  CHECK(run.model->passes.item<int64_t>() == 0);
  CHECK(run.state().position.step == 0);
}

TEST_CASE("a gradient that is not finite moves nothing", "[sam]") {
  for (const bool is_adaptive : {false, true}) {
    const auto algorithm = is_adaptive ? asam() : sam();
    ToyRun run;
    const at::Tensor before = run.model->weight.detach().clone();
    run.model->weight.mutable_grad() = at::full({18, 3}, std::numeric_limits<double>::quiet_NaN());
    train::Context context{.state = run.state()};
    algorithm->apply(train::Event::kSecondPass, context);
    CHECK(run.model->weight.equal(before));
    CHECK_FALSE(run.model->weight.grad().defined());
    algorithm->apply(train::Event::kSecondPassDone, context);
    CHECK(run.model->weight.equal(before));
  }
}

TEST_CASE("a run with sam and clipping trains", "[sam]") {
  ToyRun run;
  run.algorithms.push_back(sam());
  run.options.train.clip.norm = 0.1;
  const at::Tensor before = run.model->weight.detach().clone();
  CHECK(run.trainer().fit() == train::StopReason::kFinished);
  CHECK_FALSE(run.model->weight.equal(before));
}

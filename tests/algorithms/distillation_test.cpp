#include "stoker/algorithms/distillation.h"

#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "stoker/core/error.h"
#include "stoker/optim/optimizer.h"
#include "support/catch.h"

using namespace stoker;
using algorithms::Distillation;
using train::Event;

namespace {

// Sums over the pixels of channel 0, 1 and 2 as the logits of three classes.
class Sums : public models::Model {
 public:
  at::Tensor forward(const at::Tensor& images) override { return images.sum({2, 3}) * weight; }
  std::string head() const override { return ""; }
  at::Tensor weight = register_parameter("weight", at::full({3}, 0.5));
};

struct Bench {
  std::shared_ptr<Sums> model = std::make_shared<Sums>();
  std::unique_ptr<optim::Optimizer> optimizer =
      optim::optimizers().build(optim::optimizers().pick("sgd"), {});
  train::State state{*model, *optimizer, nullptr, {}};
  std::shared_ptr<algorithms::Teacher> teacher = std::make_shared<algorithms::Teacher>();
  train::MicroBatch batch{.images = at::randn({4, 3, 2, 5}), .labels = at::zeros({4}, at::kLong)};
  at::Tensor logits = at::randn({4, 3}).set_requires_grad(true);
  at::Tensor losses = at::full({4}, 10.0);

  Bench() {
    teacher->model = std::make_shared<Sums>();
    teacher->digest = {3, -4};
  }

  at::Tensor losses_with(const algorithms::DistillationOptions& options) {
    const auto algorithm = algorithms::make_distillation(options, teacher, train::Precision::kFp32);
    train::Context context{.state = state, .batch = &batch};
    algorithm->apply(Event::kFitStart, context);
    batch.logits = logits;
    batch.losses = losses;
    algorithm->apply(Event::kLossReady, context);
    return batch.losses;
  }
};

}  // namespace

TEST_CASE("soft distillation is the divergence at a temperature, times its square") {
  const at::Tensor theirs = at::randn({4, 7}) * 3;
  const at::Tensor own = (at::randn({4, 7}) * 3).set_requires_grad(true);
  for (const double t : {1.0, 4.0}) {
    const at::Tensor loss = algorithms::distilled({.temperature = t}, own, theirs);
    const at::Tensor p = (theirs.to(at::kDouble) / t).softmax(1);
    const at::Tensor q = (own.detach().to(at::kDouble) / t).softmax(1);
    const at::Tensor expected = t * t * (p * (p / q).log()).sum(1);
    // Differences of logarithms of order ten in float32, times 16.
    CHECK(loss.detach().to(at::kDouble).allclose(expected, 1e-5, 2e-5));
    own.mutable_grad() = at::Tensor();
    loss.sum().backward();
    CHECK(own.grad().to(at::kDouble).allclose(t * (q - p), 1e-5, 2e-5));
  }
}

TEST_CASE("hard distillation is the cross-entropy with the teacher's first guess") {
  const at::Tensor theirs = at::tensor({0.1, 2.0, -1.0, 5.0, 4.0, 3.0}).view({2, 3});
  const at::Tensor own = at::randn({2, 3});
  const at::Tensor loss = algorithms::distilled({.kind = Distillation::kHard}, own, theirs);
  const at::Tensor log_q = own.log_softmax(1);
  CHECK(loss[0].item<double>() == Approx(-log_q[0][1].item<double>()));
  CHECK(loss[1].item<double>() == Approx(-log_q[1][0].item<double>()));
}

TEST_CASE("a teacher has its share of the loss and learns nothing itself") {
  Bench bench;
  const algorithms::DistillationOptions options{.teacher = "it", .temperature = 2, .alpha = 0.25};
  const at::Tensor losses = bench.losses_with(options);
  const at::Tensor told = bench.batch.images.sum({2, 3}) * 0.5;
  const at::Tensor expected = 0.75 * 10 + 0.25 * algorithms::distilled(options, bench.logits, told);
  CHECK(losses.allclose(expected, 1e-6, 1e-6));
  losses.sum().backward();
  CHECK(bench.logits.grad().defined());
  CHECK_FALSE(static_cast<Sums&>(*bench.teacher->model).weight.grad().defined());
}

TEST_CASE("a teacher sees images normalised as it is used to") {
  Bench bench;
  bench.teacher->scale = at::tensor({2.0, 1.0, 0.5}).to(at::kFloat).view({1, 3, 1, 1});
  bench.teacher->shift = at::tensor({0.1, 0.0, -0.2}).to(at::kFloat).view({1, 3, 1, 1});
  const algorithms::DistillationOptions options{.alpha = 1};
  const at::Tensor losses = bench.losses_with(options);
  const at::Tensor shown = bench.batch.images * bench.teacher->scale + bench.teacher->shift;
  const at::Tensor told = shown.sum({2, 3}) * 0.5;
  CHECK(losses.allclose(algorithms::distilled(options, bench.logits, told), 1e-5, 1e-6));
}

TEST_CASE("a run that goes on refuses another teacher") {
  Bench bench;
  const auto algorithm =
      algorithms::make_distillation({.teacher = "it"}, bench.teacher, train::Precision::kFp32);
  train::Context context{.state = bench.state};
  algorithm->apply(Event::kFitStart, context);
  for (auto& [name, tensor] : algorithm->state_tensors()) tensor[1] = -5;
  CHECK_THROWS_AS(algorithm->apply(Event::kFitStart, context), ConfigError);
}

TEST_CASE("where a configuration is only looked at there is no teacher") {
  const auto algorithm = algorithms::make_distillation({}, nullptr, train::Precision::kFp32);
  CHECK(algorithm->state_tensors().size() == 1);
}

#include "stoker/algorithms/swa.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>

#include "stoker/core/error.h"
#include "stoker/nn/batch_norm.h"
#include "support/catch.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;
using train::Event;

namespace {

class Normed : public models::Model {
 public:
  at::Tensor forward(const at::Tensor& images) override {
    return norm->forward(images.to(at::kFloat).flatten(1) * weight);
  }
  std::string head() const override { return "weight"; }
  at::Tensor weight = register_parameter("weight", at::full({18}, 1.0));
  std::shared_ptr<nn::BatchNorm> norm =
      register_module("norm", std::make_shared<nn::BatchNorm>(18, nn::BatchNormOptions{}));
};

// Ten squares in steps of 5: two steps an epoch, eight epochs.
struct Bench {
  Normed model;
  std::unique_ptr<optim::Optimizer> optimizer =
      optim::make_sgd({.lr = 0.5}, {{.parameters = {{"weight", model.weight}}}});
  train::Source source = squares(10);
  train::State state{
      model, *optimizer, nullptr, {.plan = train::plan_steps(10, {.epochs = 8, .batch_size = 5})}};
  train::Context context{.state = state};

  std::unique_ptr<train::Algorithm> make(const algorithms::SwaOptions& options) {
    return algorithms::make_swa(options, state, source, train::Precision::kFp32);
  }
  // The weights at the end of epoch e are e.
  void end_epoch(train::Algorithm& swa, int64_t epoch) {
    const at::NoGradGuard no_grad;
    state.position.step = 2 * epoch;
    model.weight.fill_(epoch);
    model.norm->running_mean.fill_(-epoch);
    swa.apply(Event::kEpochDone, context);
  }
  double saved(train::Algorithm& swa, const std::string& which = "weight") {
    for (const auto& [name, tensor] : swa.evaluation_weights())
      if (name == which) return tensor[2].item<double>();
    FAIL("no " << which);
    return 0;
  }
};

}  // namespace

TEST_CASE("the mean is over the weights at the ends of the last epochs") {
  Bench bench;
  const auto swa = bench.make({.start = 0.6, .every_epochs = 2});  // from epoch 5 on: 5 and 7
  swa->apply(Event::kFitStart, bench.context);
  for (int64_t epoch = 1; epoch <= 4; ++epoch) {
    bench.end_epoch(*swa, epoch);
    CHECK(bench.saved(*swa) == static_cast<double>(epoch));  // the model itself so far
  }
  swa->apply(Event::kEvalStart, bench.context);
  CHECK(bench.model.norm->running_mean[0].item<double>() == -4);
  swa->apply(Event::kEvalDone, bench.context);
  for (int64_t epoch = 5; epoch <= 8; ++epoch) bench.end_epoch(*swa, epoch);
  CHECK(bench.saved(*swa) == Approx(6));
  CHECK(bench.model.weight[0].item<double>() == 8);
  CHECK(bench.model.norm->running_mean[0].item<double>() == -8);

  swa->apply(Event::kEvalStart, bench.context);
  CHECK(bench.model.weight[0].item<double>() == Approx(6));
  swa->apply(Event::kEvalDone, bench.context);
  CHECK(bench.model.weight[0].item<double>() == 8);
}

TEST_CASE("the mean has the statistics of its own weights, from training images") {
  Bench bench;
  const auto swa = bench.make({.start = 1});
  bench.end_epoch(*swa, 8);
  // Channel 0 of the squares: 0, 10, … 90, normalised by mean 0.2 and deviation 0.5, times 8.
  CHECK(bench.saved(*swa, "norm.running_mean") ==
        Approx(8 * (45.0 / 255 - 0.2) / 0.5).epsilon(1e-4));
  const auto few = bench.make({.start = 1, .norm_images = 5});
  bench.end_epoch(*few, 8);
  CHECK(bench.saved(*few, "norm.running_mean") != Approx(bench.saved(*swa, "norm.running_mean")));
}

TEST_CASE("the rate goes to swa.lr after the start") {
  Bench bench;
  const auto swa = bench.make({.start = 0.5, .lr = 0.05, .anneal_epochs = 2});
  const auto pull_at = [&](int64_t step) {
    bench.state.position.step = step;
    swa->apply(Event::kStepStart, bench.context);
    return bench.state.lr_pull;
  };
  CHECK_FALSE(pull_at(7).has_value());
  CHECK(pull_at(8)->share == 0);
  CHECK(pull_at(9)->share == Approx(0.25));
  CHECK(pull_at(12)->share == 1);
  CHECK(pull_at(15)->factor == Approx(0.1));  // of the optimizer's 0.5
  CHECK_FALSE(pull_at(3).has_value());        // a run that goes back
}

TEST_CASE("a run in which no epoch ends after the start is refused, and norms of other makes") {
  Bench bench;
  train::State state(bench.model, *bench.optimizer, nullptr,
                     {.plan = train::plan_steps(10, {.epochs = 1.5, .batch_size = 5})});
  CHECK_THROWS_AS(
      algorithms::make_swa({.start = 0.9}, state, bench.source, train::Precision::kFp32),
      ConfigError);
  CHECK_NOTHROW(algorithms::make_swa({.start = 0.6}, state, bench.source, train::Precision::kFp32));
  bench.model.register_buffer("running_mean", at::full({2}, 0.0));
  CHECK_THROWS_AS(bench.make({}), ConfigError);
}

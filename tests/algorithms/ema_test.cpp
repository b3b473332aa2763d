#include "stoker/algorithms/ema.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>

#include <cmath>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"
#include "support/catch.h"

using namespace stoker;
using train::Event;

namespace {

// One weight of three values, one running statistic and one counter.
class Toy : public models::Model {
 public:
  Toy() {
    weight = register_parameter("weight", at::full({3}, 1.0));
    mean = register_buffer("mean", at::full({2}, 1.0));
    count = register_buffer("count", at::full({}, 1, at::kLong));
  }
  at::Tensor forward(const at::Tensor& images) override { return images; }
  std::string head() const override { return "weight"; }

  at::Tensor weight, mean, count;
};

struct Bench {
  Toy model;
  std::unique_ptr<optim::Optimizer> optimizer =
      optim::optimizers().build(optim::optimizers().pick("sgd"), {});
  train::State state{model, *optimizer, nullptr, {}};
  train::Context context{.state = state};

  // The weights after step s are s, the statistics 2 s.
  void step(train::Algorithm& ema) {
    const at::NoGradGuard no_grad;
    ++state.position.step;
    model.weight.fill_(state.position.step);
    model.mean.fill_(2 * state.position.step);
    ema.apply(Event::kStepDone, context);
  }
};

double decay_at(int64_t step, double decay) {
  return std::min(decay, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step)));
}

}  // namespace

TEST_CASE("the average follows its definition and is swapped in for evaluations") {
  Bench bench;
  const auto ema = algorithms::make_ema({.decay = 0.4}, bench.state);
  ema->apply(Event::kFitStart, bench.context);
  double expected = 1;
  for (int64_t s = 1; s <= 9; ++s) {
    bench.step(*ema);
    const double d = decay_at(s, 0.4);
    expected = d * expected + (1 - d) * static_cast<double>(s);
  }
  ema->apply(Event::kEvalStart, bench.context);
  CHECK(bench.model.weight[0].item<double>() == Approx(expected).epsilon(1e-6));
  CHECK(bench.model.mean[1].item<double>() > expected);
  CHECK(bench.model.count.item<int64_t>() == 1);
  ema->apply(Event::kEvalDone, bench.context);
  CHECK(bench.model.weight[2].item<double>() == 9);
  CHECK(bench.model.mean[0].item<double>() == 18);
}

TEST_CASE("the end of an evaluation that never began changes nothing") {
  Bench bench;
  const auto ema = algorithms::make_ema({}, bench.state);
  bench.step(*ema);
  ema->apply(Event::kEvalDone, bench.context);
  CHECK(bench.model.weight[0].item<double>() == 1);
}

TEST_CASE("rarer updates raise the decay to their number of steps") {
  Bench bench;
  const auto ema = algorithms::make_ema({.decay = 0.25, .every_steps = 3}, bench.state);
  ema->apply(Event::kFitStart, bench.context);
  double expected = 1;
  for (int64_t s = 1; s <= 7; ++s) {
    bench.step(*ema);
    if (s % 3 != 0) continue;
    const double d = std::pow(decay_at(s, 0.25), 3);
    expected = d * expected + (1 - d) * static_cast<double>(s);
  }
  for (const auto& [name, average] : ema->evaluation_weights()) {
    if (name == "weight") CHECK(average[1].item<double>() == Approx(expected).epsilon(1e-6));
  }
}

TEST_CASE("averages of further decays are kept beside it, by their decays") {
  Bench bench;
  const auto ema = algorithms::make_ema({.decay = 0.4, .more_decays = {0.25, 0.1}}, bench.state);
  ema->apply(Event::kFitStart, bench.context);
  double expected = 1;
  for (int64_t s = 1; s <= 9; ++s) {
    bench.step(*ema);
    const double d = decay_at(s, 0.25);
    expected = d * expected + (1 - d) * static_cast<double>(s);
  }
  std::vector<std::string> names;
  for (const auto& [name, average] : ema->state_tensors()) {
    names.push_back(name);
    if (name == "0.25/weight") CHECK(average[1].item<double>() == Approx(expected).epsilon(1e-6));
  }
  CHECK(names == std::vector<std::string>{"0.25/weight", "0.25/mean", "0.1/weight", "0.1/mean"});
  CHECK(algorithms::average_prefix(0.25) == "ema/0.25/");
  CHECK_THROWS_AS(algorithms::make_ema({.decay = 0.5, .more_decays = {0.5}}, bench.state),
                  ConfigError);
}

TEST_CASE("evaluation weights cover floating-point parameters and buffers by name") {
  Bench bench;
  const auto ema = algorithms::make_ema({}, bench.state);
  std::vector<std::string> names;
  for (const auto& [name, average] : ema->evaluation_weights()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"weight", "mean"});
}

#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "choices.h"
#include "golden.h"
#include "support/catch.h"

namespace stoker::optim {
namespace {

using test::choice;
using test::parameters;
using test::set_gradients;

// The paper's three sequences, in float64, where ours keeps two.
struct Sequences {
  at::Tensor y, z, x, squares;
  double sum = 0, largest = 0;
};

struct Rule {
  double lr, beta, decay;
  bool is_adam;
};

void step(Sequences& s, const at::Tensor& gradient, int t, double factor, const Rule& rule) {
  const double lr = rule.lr * factor, beta2 = 0.95, eps = 1e-3;
  at::Tensor u = gradient + rule.decay * s.y;
  if (rule.is_adam) {
    s.squares = beta2 * s.squares + (1 - beta2) * gradient * gradient;
    u = gradient / (at::Tensor(s.squares / (1 - std::pow(beta2, t))).sqrt() + eps) +
        rule.decay * s.y;
  }
  s.largest = std::max(s.largest, lr);
  s.sum += s.largest * s.largest;
  const double c = s.largest * s.largest / s.sum;
  s.z = s.z - lr * u;
  s.x = (1 - c) * s.x + c * s.z;
  s.y = (1 - rule.beta) * s.z + rule.beta * s.x;
}

TEST_CASE("schedule-free optimizers follow the paper's sequences in float64", "[schedule_free]") {
  for (const bool is_adam : {false, true}) {
    INFO(is_adam);
    const Rule rule{.lr = 0.1, .beta = 0.8, .decay = 0.05, .is_adam = is_adam};
    nlohmann::json options{{"lr", rule.lr}, {"beta", rule.beta}, {"weight_decay", rule.decay}};
    if (is_adam) options.update({{"beta2", 0.95}, {"eps", 1e-3}});
    const config::Choice settings =
        choice(is_adam ? "schedule_free_adamw" : "schedule_free_sgd", options);
    const NamedTensors named = parameters();
    const auto optimizer =
        optimizers().build(settings, make_groups(named, settings.common<CommonOptions>()));
    std::map<std::string, Sequences> expected;
    for (const auto& [name, parameter] : named) {
      const at::Tensor start = parameter.detach().to(at::kDouble);
      expected[name] = {start, start, start, at::zeros_like(start)};
    }
    for (int t = 1; t <= 10; ++t) {
      const double factor = std::min(1.0, 0.25 * t);  // a warmup
      set_gradients(named, t);
      optimizer->step({.lr_factor = factor});
      for (const auto& [name, parameter] : named)
        step(expected[name], parameter.grad().to(at::kDouble), t, factor, rule);
    }
    const NamedTensors means = optimizer->evaluation_weights();
    REQUIRE(means.size() == named.size());
    for (size_t i = 0; i < named.size(); ++i) {
      const auto& [name, parameter] = named[i];
      INFO(name);
      CHECK(means[i].first == name);
      CHECK(at::Tensor(parameter.detach() - expected[name].y).abs().max().item<double>() < 5e-6);
      CHECK(at::Tensor(means[i].second - expected[name].x).abs().max().item<double>() < 5e-6);
    }
  }
}

TEST_CASE("before the first step the mean is the weights", "[schedule_free]") {
  const NamedTensors named = parameters();
  const auto optimizer =
      optimizers().build(optimizers().pick("schedule_free_sgd"), {{.parameters = named}});
  for (const auto& [name, mean] : optimizer->evaluation_weights()) {
    const auto found = std::ranges::find(named, name, [](const auto& item) { return item.first; });
    CHECK(mean.equal(found->second.detach()));
  }
}

}  // namespace
}  // namespace stoker::optim

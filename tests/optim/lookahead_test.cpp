#include "stoker/optim/lookahead.h"

#include <ATen/ops/ones.h>

#include <algorithm>

#include "choices.h"
#include "golden.h"
#include "stoker/core/error.h"
#include "stoker/optim/sgd.h"
#include "support/catch.h"

namespace stoker::optim {
namespace {

using test::parameters;
using test::set_gradients;

std::unique_ptr<Optimizer> make(const NamedTensors& named, std::optional<int64_t> every_steps) {
  return with_lookahead(make_sgd({.lr = 0.1, .momentum = 0}, {{.parameters = named}}),
                        {.every_steps = every_steps, .alpha = 0.25});
}

// Gradients do not depend on the weights here, so that plain steps are sums of them.
TEST_CASE("slow weights go a quarter of the way after each three steps", "[lookahead]") {
  const NamedTensors named = parameters();
  const auto optimizer = make(named, 3);
  // Built with other weights than the run begins with.
  for (const auto& [name, parameter] : named) at::Tensor(parameter.detach()).mul_(2);
  for (int step = 1; step <= 7; ++step) {
    set_gradients(named, step);
    optimizer->step({.lr_factor = 0.5});
  }
  for (const auto& [name, parameter] : named) {
    INFO(name);
    const auto double_of = [&, shape = parameter.sizes().vec()](int step) {
      return test::value(name, shape, step).to(at::kDouble);
    };
    at::Tensor slow = 2 * double_of(0), fast = slow.clone();
    for (int step = 1; step <= 7; ++step) {
      fast -= 0.05 * double_of(step);
      if (step % 3 != 0) continue;
      slow += 0.25 * (fast - slow);
      fast = slow.clone();
    }
    CHECK(at::Tensor(parameter.detach() - fast).abs().max().item<double>() < 1e-6);
  }
}

TEST_CASE("a lookahead goes on from its state bit for bit", "[lookahead]") {
  const NamedTensors first = parameters();
  const auto original = make(first, 3);
  for (int step = 1; step <= 4; ++step) {
    set_gradients(first, step);
    original->step({});
  }
  NamedTensors second, state;
  for (const auto& [name, tensor] : first) second.emplace_back(name, tensor.detach().clone());
  for (const auto& [name, tensor] : original->state()) state.emplace_back(name, tensor.clone());
  CHECK(std::ranges::count_if(state, [](const auto& item) {
          return item.first.starts_with("slow/") || item.first == "lookahead/step";
        }) == 5);
  const auto resumed = make(second, 3);
  resumed->load_state(state);
  for (int step = 5; step <= 9; ++step) {
    set_gradients(first, step);
    set_gradients(second, step);
    original->step({});
    resumed->step({});
  }
  for (size_t i = 0; i < first.size(); ++i) CHECK(first[i].second.detach().equal(second[i].second));
}

TEST_CASE("a lookahead's state that does not fit is refused", "[lookahead]") {
  const NamedTensors named{{"a", at::ones({3})}};
  const auto optimizer = make(named, 2);
  CHECK_THROWS_WITH(
      optimizer->load_state({{"slow/a", at::ones({4})}}),
      Catch::Contains("slow/a is of another shape") && Catch::Contains("missing lookahead/step"));
  CHECK_THROWS_AS(optimizer->load_state({}), DataError);
  CHECK(make(named, std::nullopt)->state().empty());
}

TEST_CASE("a lookahead on a schedule-free optimizer is refused", "[lookahead]") {
  auto free = optimizers().build(optimizers().pick("schedule_free_sgd"),
                                 {{.parameters = {{"a", at::ones({3})}}}});
  CHECK_THROWS_AS(with_lookahead(std::move(free), {.every_steps = 2}), ConfigError);
}

}  // namespace
}  // namespace stoker::optim

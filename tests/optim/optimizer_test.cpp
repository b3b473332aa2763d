#include "stoker/optim/optimizer.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/core/ScalarType.h>

#include <algorithm>

#include "choices.h"
#include "golden.h"
#include "stoker/core/error.h"
#include "stoker/optim/adam.h"
#include "stoker/optim/sgd.h"
#include "support/catch.h"

namespace stoker::optim {
namespace {

using test::choice;
using test::parameters;
using test::set_gradients;
using test::worst_difference;

// Float32 against float64 over five steps of values up to 2: a few roundings of 2^-24 each.
constexpr double kTolerance = 2e-6;

std::unique_ptr<Optimizer> build(const config::Choice& choice, const NamedTensors& named) {
  return optimizers().build(choice, make_groups(named, choice.common<CommonOptions>()));
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) { return a.detach().equal(b.detach()); }

void require_same(const NamedTensors& a, const NamedTensors& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    INFO(a[i].first);
    CHECK(a[i].first == b[i].first);
    CHECK(same_bits(a[i].second, b[i].second));
  }
}

NamedTensors copy(const NamedTensors& named) {
  NamedTensors copies;
  for (const auto& [name, tensor] : named)
    copies.emplace_back(name, tensor.detach().clone().set_requires_grad(tensor.requires_grad()));
  return copies;
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const config::Alternative& row : optimizers().rows()) names.emplace_back(row.name);
  return names;
}
const std::vector<std::string> kNames = all_names();

// Muon's iterations in float32 on every machine.
config::Choice exact_choice(const std::string& name, nlohmann::json options) {
  if (name == "muon") options["precision"] = "fp32";
  return choice(name, options);
}

TEST_CASE("five steps of each optimizer are those of torch.optim in float64") {
  for (const auto& golden : test::golden("steps")["cases"]) {
    INFO(golden["optimizer"] << " " << golden["options"]);
    const NamedTensors named = parameters();
    // torch.optim.SGD has no momentum by default; ours has 0.9.
    nlohmann::json options = {{"weight_decay", 0.0}};
    if (golden["optimizer"] == "sgd") options["momentum"] = 0.0;
    options.update(golden["options"]);
    const auto optimizer = build(choice(golden["optimizer"], options), named);
    for (int step = 1; step <= 5; ++step) {
      set_gradients(named, step);
      optimizer->step({});
      optimizer->zero_grad();
    }
    for (const auto& [name, parameter] : named) {
      INFO(name);
      CHECK(worst_difference(parameter, golden["parameters"][name]) < kTolerance);
      CHECK_FALSE(parameter.grad().defined());
    }
  }
}

TEST_CASE("ten steps of the others are those of torch.optim and timm in float64") {
  for (const auto& golden : test::golden("ten_steps")) {
    INFO(golden["optimizer"] << " " << golden["options"]);
    const NamedTensors named = parameters();
    nlohmann::json options = {{"weight_decay", 0.0}};
    options.update(golden["options"]);
    const auto optimizer = build(choice(golden["optimizer"], options), named);
    for (int step = 1; step <= 10; ++step) {
      set_gradients(named, step);
      optimizer->step({});
    }
    for (const auto& [name, parameter] : named) {
      INFO(name);
      // Quotients by small roots cost some more roundings than in five steps of plain ones.
      CHECK(worst_difference(parameter, golden["parameters"][name]) < 1e-5);
    }
  }
}

TEST_CASE("parameters of 16 bits move as their float32 copies do") {
  for (const std::string& name : kNames) {
    for (const at::ScalarType type : {at::kBFloat16, at::kHalf}) {
      INFO(name << " " << c10::toString(type));
      const auto settings = exact_choice(name, {{"lr", 0.03}, {"weight_decay", 0.02}});
      NamedTensors narrow, wide;
      for (const auto& [key, parameter] : parameters()) {
        narrow.emplace_back(key, parameter.detach().to(type));
        wide.emplace_back(key, narrow.back().second.to(at::kFloat));
      }
      const auto got = build(settings, narrow), expected = build(settings, wide);
      for (int step = 1; step <= 6; ++step) {
        for (size_t i = 0; i < narrow.size(); ++i) {
          const at::Tensor gradient =
              test::value(narrow[i].first, narrow[i].second.sizes().vec(), step).to(type);
          narrow[i].second.mutable_grad() = gradient;
          wide[i].second.mutable_grad() = gradient.to(at::kFloat);
        }
        got->step({});
        expected->step({});
        for (const auto& [key, parameter] : wide) at::Tensor(parameter).copy_(parameter.to(type));
      }
      for (size_t i = 0; i < narrow.size(); ++i)
        CHECK(same_bits(narrow[i].second, wide[i].second.to(type)));
    }
  }
}

TEST_CASE("groups and the schedule multiply the rate, groups the decay") {
  const NamedTensors named = parameters();
  const auto optimizer = make_sgd(
      {.lr = 0.1, .momentum = 0.9, .nesterov = true},
      make_groups(named,
                  {.weight_decay = 0.05,
                   .groups = {{.match = "norm.*bias", .lr_factor = 8, .decay_factor = 0.25}}}));
  for (int step = 1; step <= 5; ++step) {
    set_gradients(named, step);
    optimizer->step({.lr_factor = 1 - 0.1 * step});
  }
  const auto golden = test::golden("steps")["grouped"];
  for (const auto& [name, parameter] : named) {
    INFO(name);
    CHECK(worst_difference(parameter, golden[name]) < kTolerance);
  }
  CHECK(optimizer->base_lr() == 0.1);
}

TEST_CASE("a loaded state goes on bit for bit") {
  for (const std::string& name : kNames) {
    INFO(name);
    const auto settings = exact_choice(name, {{"lr", 0.03}, {"weight_decay", 0.02}});
    const NamedTensors first = parameters();
    const auto original = build(settings, first);
    for (int step = 1; step <= 3; ++step) {
      set_gradients(first, step);
      original->step({});
    }
    const NamedTensors second = copy(first);
    const auto resumed = build(settings, second);
    resumed->load_state(copy(original->state()));
    for (int step = 4; step <= 6; ++step) {
      set_gradients(first, step);
      set_gradients(second, step);
      original->step({.lr_factor = 0.5});
      resumed->step({.lr_factor = 0.5});
    }
    require_same(first, second);
    require_same(original->state(), resumed->state());
  }
}

TEST_CASE("the state exists before the first step and is named") {
  const auto names = [](const NamedTensors& state) {
    std::vector<std::string> list;
    for (const auto& [name, tensor] : state) list.push_back(name);
    return list;
  };
  const NamedTensors named = {{"a", at::ones({2, 3})}, {"b", at::ones({5})}};
  CHECK(names(build(optimizers().pick("sgd"), named)->state()) ==
        std::vector<std::string>{"momentum/a", "momentum/b"});
  CHECK(names(build(optimizers().pick("adamw"), named)->state()) ==
        std::vector<std::string>{"exp_avg/a", "exp_avg/b", "exp_avg_sq/a", "exp_avg_sq/b", "step/a",
                                 "step/b"});
  CHECK(build(choice("sgd", {{"momentum", 0.0}}), named)->state().empty());
}

TEST_CASE("a state that does not fit is refused with every fault, and nothing is loaded") {
  const NamedTensors named = {{"a", at::ones({2, 3})}, {"b", at::ones({5})}, {"c", at::ones({4})}};
  const auto optimizer = build(optimizers().pick("sgd"), named);
  const NamedTensors state = {{"momentum/a", at::ones({2, 3})},
                              {"momentum/b", at::ones({6})},
                              {"momentum/d", at::ones({4})},
                              {"momentum/a", at::ones({2, 3})}};
  CHECK_THROWS_AS(optimizer->load_state(state), DataError);
  CHECK_THROWS_WITH(optimizer->load_state(state),
                    Catch::Contains("momentum/b is Float [6], expected Float [5]") &&
                        Catch::Contains("unexpected momentum/d") &&
                        Catch::Contains("unexpected momentum/a") &&
                        Catch::Contains("missing momentum/c"));
  CHECK(optimizer->state()[0].second.abs().sum().item<float>() == 0);
  CHECK_THROWS_WITH(optimizer->load_state({{"momentum/a", at::ones({2, 3}, at::kDouble)},
                                           {"momentum/b", at::ones({5})},
                                           {"momentum/c", at::ones({4})}}),
                    Catch::Contains("momentum/a is Double [2, 3]"));
}

TEST_CASE("a parameter without a gradient is left alone, weight decay included") {
  for (const std::string& name : kNames) {
    INFO(name);
    const NamedTensors named = parameters();
    const auto optimizer = build(choice(name, {{"weight_decay", 0.5}}), named);
    const NamedTensors before = copy(named);
    optimizer->step({});
    require_same(named, before);
    set_gradients(named, 1);
    named[1].second.mutable_grad() = at::Tensor();
    const NamedTensors state = copy(optimizer->state());
    optimizer->step({});
    CHECK(same_bits(named[1].second, before[1].second));
    CHECK_FALSE(same_bits(named[0].second, before[0].second));
    CHECK_FALSE(same_bits(named[3].second, before[3].second));
    for (size_t i = 0; i < state.size(); ++i) {
      if (state[i].first.ends_with("/norm.bias"))
        CHECK(same_bits(optimizer->state()[i].second, state[i].second));
    }
  }
}

TEST_CASE("the layout of a gradient and of a parameter in memory changes nothing") {
  for (const std::string& name : kNames) {
    for (const bool parameter_last : {false, true}) {
      for (const bool gradient_last : {false, true}) {
        INFO(name << " parameter " << parameter_last << " gradient " << gradient_last);
        const auto lay = [](const at::Tensor& tensor, bool last) {
          return tensor.contiguous(last ? at::MemoryFormat::ChannelsLast
                                        : at::MemoryFormat::Contiguous);
        };
        const auto settings = exact_choice(name, {{"weight_decay", 0.1}});
        const at::Tensor start = test::value("conv", {4, 3, 2, 5}, 0);
        const at::Tensor plain = start.clone();
        at::Tensor other = lay(start.clone(), parameter_last);
        const auto expected = build(settings, {{"conv", plain}});
        const auto got = build(settings, {{"conv", other}});
        for (int step = 1; step <= 3; ++step) {
          plain.mutable_grad() = test::value("conv", {4, 3, 2, 5}, step);
          other.mutable_grad() = lay(plain.grad(), gradient_last);
          expected->step({});
          got->step({});
        }
        // Muon's iterations make up to 500 times as much of a rounding, and lr 0.02 of that.
        const float tolerance = name == "muon" ? 1e-5F : 1e-6F;
        CHECK(at::Tensor(other.contiguous() - plain).abs().max().item<float>() < tolerance);
      }
    }
  }
}

TEST_CASE("parameters of several dtypes step together") {
  for (const std::string name : {"sgd", "adam", "adamw"}) {
    INFO(name);
    const at::Tensor wide = at::ones({3, 2}, at::kDouble), half = at::ones({5}, at::kBFloat16),
                     usual = at::ones({4});
    const auto optimizer = build(choice(name, {{"lr", 0.5}, {"weight_decay", 0.0}}),
                                 {{"a", wide}, {"b", half}, {"c", usual}});
    for (const at::Tensor& parameter : {wide, half, usual})
      parameter.mutable_grad() = at::full(parameter.sizes(), 0.25, parameter.options());
    optimizer->step({});
    const double expected = name == "sgd" ? 1 - 0.5 * 0.25 : 0.5;
    for (const at::Tensor& parameter : {wide, half, usual})
      for (double number : test::numbers(parameter))
        CHECK(number == Approx(expected).epsilon(1e-6));
  }
}

TEST_CASE("grad_scale divides the gradients and found_inf leaves the update out") {
  for (const std::string& name : kNames) {
    INFO(name);
    const auto settings = exact_choice(name, {{"weight_decay", 0.1}});
    const NamedTensors plain = parameters(), scaled = parameters();
    const auto expected = build(settings, plain), optimizer = build(settings, scaled);
    for (int step = 1; step <= 4; ++step) {
      const bool overflow = step == 3;
      set_gradients(scaled, step);
      for (const auto& [parameter_name, parameter] : scaled) parameter.grad().mul_(1024);
      optimizer->step(
          {.grad_scale = at::full({}, 1024.0), .found_inf = at::full({}, overflow ? 1.0 : 0.0)});
      if (overflow) continue;
      set_gradients(plain, step);
      expected->step({});
    }
    require_same(scaled, plain);  // a power of two: exact
    require_same(optimizer->state(), expected->state());
    CHECK_THROWS_AS(optimizer->step({.grad_scale = at::full({}, 2.0)}), InternalError);
  }
}

TEST_CASE("options that make no sense are refused") {
  CHECK_THROWS_AS(build(choice("sgd", {{"momentum", 0.0}, {"nesterov", true}}), {}), ConfigError);
  CHECK_THROWS_AS(build(choice("adam", {{"beta1", 1.0}}), {}), ConfigError);
  CHECK_THROWS_AS(build(choice("adamw", {{"beta2", 1.0}}), {}), ConfigError);
  for (const std::string name : {"nadam", "nadamw", "radam", "radamw", "lamb", "lion"})
    CHECK_THROWS_AS(build(choice(name, {{"beta2", 1.0}}), {}), ConfigError);
  CHECK_THROWS_AS(build(choice("rmsprop", {{"alpha", 1.0}}), {}), ConfigError);
  CHECK_THROWS_AS(build(choice("lars", {{"momentum", 0.0}, {"nesterov", true}}), {}), ConfigError);
  CHECK_THROWS_AS(build(optimizers().pick("sgd"), {{"a", at::ones({2})}, {"a", at::ones({3})}}),
                  InternalError);
  CHECK_THROWS_AS(build(optimizers().pick("sgd"), {{"a", at::ones({1}).expand({3})}}),
                  InternalError);
  CHECK(build(optimizers().pick("sgd"), {})->state().empty());
}

}  // namespace
}  // namespace stoker::optim

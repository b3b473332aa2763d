#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "choices.h"
#include "golden.h"
#include "stoker/core/error.h"
#include "stoker/optim/build.h"
#include "stoker/optim/newton_schulz.h"
#include "support/catch.h"

namespace stoker::optim {
namespace {

using test::choice;
using test::set_gradients;

std::vector<ParameterGroup> model_groups(const NamedTensors& named, const config::Choice& choice) {
  std::vector<ParameterGroup> groups = make_groups(named, choice.common<CommonOptions>());
  for (ParameterGroup& group : groups) group.parts = {.first_layer = {"stem."}, .head = "head."};
  return groups;
}

std::vector<std::string> state_names(Optimizer& optimizer) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : optimizer.state()) names.push_back(name);
  return names;
}

TEST_CASE("ten steps of muon are those of its formulas in float64, the rest AdamW's", "[muon]") {
  for (const auto& golden : test::golden("muon")) {
    INFO(golden["options"]);
    const NamedTensors named = test::parameters();
    nlohmann::json options = golden["options"];
    options["precision"] = "fp32";
    const config::Choice settings = choice("muon", options);
    const auto optimizer = build_optimizer(settings, model_groups(named, settings));
    for (int step = 1; step <= 10; ++step) {
      set_gradients(named, step);
      optimizer->step({});
    }
    for (const auto& [name, parameter] : named) {
      INFO(name);
      // The iterations make up to 3.44^5 = 485 times as much of a rounding of 2^-24.
      CHECK(test::worst_difference(parameter, golden["parameters"][name]) < 1e-4);
    }
  }
}

TEST_CASE("iterations bring singular values near 1, for many matrices as for one", "[muon]") {
  std::vector<at::Tensor> matrices;
  for (int i = 0; i < 3; ++i)
    matrices.push_back(test::value("matrix", {7, 4}, i) + at::ones({7, 4}));
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    for (const bool is_tall : {true, false}) {
      const at::Tensor all = is_tall ? at::stack(matrices) : at::stack(matrices).transpose(1, 2);
      const at::Tensor together = orthogonalized(all, 5, type);
      CHECK(together.sizes() == all.sizes());
      CHECK(together.scalar_type() == type);
      for (int64_t i = 0; i < 3; ++i) {
        const at::Tensor alone = orthogonalized(all.narrow(0, i, 1), 5, type)[0];
        CHECK(alone.to(at::kFloat)
                  .allclose(together[i].to(at::kFloat), 0, type == at::kFloat ? 1e-5 : 0.05));
      }
    }
  }
  const at::Tensor wide = test::value("matrix", {1, 4, 7}, 3);
  const at::Tensor values = std::get<1>(at::linalg_svd(
      orthogonalized(wide + 2 * test::value("other", {1, 4, 7}, 8), 10, at::kFloat)));
  CHECK(values.max().item<float>() < 1.3F);
  CHECK(orthogonalized(at::zeros({1, 3, 5}), 5, at::kFloat).abs().max().item<float>() == 0);
}

TEST_CASE("muon takes matrices between the first layer and the head", "[muon]") {
  const NamedTensors named{{"stem.weight", at::ones({4, 3, 3, 3})},
                           {"conv.weight", at::ones({5, 4, 3, 3})},
                           {"depthwise.weight", at::ones({5, 1, 3, 3})},
                           {"position", at::ones({1, 6, 5})},
                           {"norm.weight", at::ones({5})},
                           {"head.weight", at::ones({3, 5})}};
  const auto matrices = [&](const nlohmann::json& options) {
    const config::Choice settings = choice("muon", options);
    const auto optimizer = build_optimizer(settings, model_groups(named, settings));
    std::vector<std::string> names = state_names(*optimizer);
    std::erase_if(names, [](const std::string& name) { return !name.starts_with("momentum/"); });
    CHECK(optimizer->base_lr() == 0.02);
    CHECK_FALSE(optimizer->is_elementwise());
    return names;
  };
  CHECK(matrices({}) == std::vector<std::string>{"momentum/conv.weight"});
  CHECK(matrices({{"first_layer", true}}) ==
        std::vector<std::string>{"momentum/stem.weight", "momentum/conv.weight"});
  CHECK(matrices({{"head", true}}) ==
        std::vector<std::string>{"momentum/conv.weight", "momentum/head.weight"});
}

TEST_CASE("a group may have an optimizer, a rate and a decay of its own", "[groups]") {
  const NamedTensors named = test::parameters(), by_hand = test::parameters();
  config::Choice settings = choice("sgd", {{"lr", 0.1}, {"weight_decay", 0.05}});
  GroupOptions special{.match = "head", .lr_factor = 0.5};
  special.optimizer = group_optimizers().pick("adam");
  special.optimizer.common<InnerOptions>().weight_decay = 0.2;
  settings.common<CommonOptions>().groups = {special};
  const auto optimizer =
      build_optimizer(settings, make_groups(named, settings.common<CommonOptions>()));

  const NamedTensors head{by_hand[2]}, rest{by_hand[0], by_hand[1], by_hand[3]};
  const auto sgd = optimizers().build(choice("sgd", {{"lr", 0.1}}),
                                      {{.parameters = rest, .weight_decay = 0.05}});
  const auto adam = optimizers().build(
      choice("adam", {}), {{.parameters = head, .lr_factor = 0.5, .weight_decay = 0.2}});
  for (int step = 1; step <= 3; ++step) {
    set_gradients(named, step);
    set_gradients(by_hand, step);
    optimizer->step({.lr_factor = 0.8});
    sgd->step({.lr_factor = 0.8});
    adam->step({.lr_factor = 0.8});
  }
  for (size_t i = 0; i < named.size(); ++i)
    CHECK(named[i].second.detach().equal(by_hand[i].second.detach()));
  CHECK(optimizer->groups().size() == 2);
  CHECK(optimizer->base_lr() == 0.1);
  optimizer->zero_grad();
  CHECK_FALSE(named[2].second.grad().defined());

  NamedTensors state = optimizer->state();
  CHECK_NOTHROW(optimizer->load_state(state));
  state.emplace_back("exp_avg/nothing", at::ones({2}));
  CHECK_THROWS_WITH(optimizer->load_state(state), Catch::Contains("unexpected exp_avg/nothing"));
}

}  // namespace
}  // namespace stoker::optim

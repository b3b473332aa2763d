#include "stoker/optim/layer_decay.h"

#include <ATen/ops/ones.h>

#include <cmath>
#include <map>

#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::optim {
namespace {

const std::vector<std::vector<std::string>> kLayers{
    {"conv1.", "bn1."}, {"layer1."}, {"layer10."}, {"fc."}};

std::vector<ParameterGroup> groups() {
  ParameterGroup plain{.parameters = {{"fc.weight", at::ones({2})},
                                      {"conv1.weight", at::ones({3})},
                                      {"layer10.weight", at::ones({4})}},
                       .weight_decay = 1};
  ParameterGroup slow{.parameters = {{"bn1.bias", at::ones({3})}, {"layer1.bias", at::ones({5})}},
                      .lr_factor = 3,
                      .weight_decay = 0};
  return {plain, slow};
}

TEST_CASE("each layer further from the classifier learns more slowly, in every group") {
  std::map<std::string, std::pair<double, double>> factors;
  for (const ParameterGroup& group : apply_layer_decay(groups(), kLayers, 0.5))
    for (const auto& [name, parameter] : group.parameters)
      factors[name] = {group.lr_factor, group.weight_decay};
  CHECK(factors == std::map<std::string, std::pair<double, double>>{{"fc.weight", {1, 1}},
                                                                    {"layer10.weight", {0.5, 1}},
                                                                    {"layer1.bias", {3 * 0.25, 0}},
                                                                    {"bn1.bias", {3 * 0.125, 0}},
                                                                    {"conv1.weight", {0.125, 1}}});
}

TEST_CASE("a layer decay of 1 leaves the groups as they are") {
  const auto same = apply_layer_decay(groups(), kLayers, 1);
  REQUIRE(same.size() == 2);
  CHECK(same[0].parameters.size() == 3);
  CHECK(same[1].lr_factor == 3);
}

TEST_CASE("a parameter of no layer is a defect") {
  CHECK_THROWS_AS(apply_layer_decay(groups(), {{"conv1.", "bn1."}, {"fc."}}, 0.5), InternalError);
}

TEST_CASE("a step moves a layer by its own rate") {
  const at::Tensor bottom = at::ones({2}), top = at::ones({3});
  std::vector<ParameterGroup> split = apply_layer_decay(
      {{.parameters = {{"a.weight", bottom}, {"b.weight", top}}}}, {{"a."}, {"b."}}, 0.25);
  config::Choice choice = optimizers().pick("sgd");  // lr 0.1
  const auto optimizer = optimizers().build(choice, std::move(split));
  bottom.mutable_grad() = at::ones({2});
  top.mutable_grad() = at::ones({3});
  optimizer->step({});
  CHECK(std::abs(top[0].item<double>() - (1 - optimizer->base_lr())) < 1e-6);
  CHECK(std::abs(bottom[0].item<double>() - (1 - 0.25 * optimizer->base_lr())) < 1e-6);
}

}  // namespace
}  // namespace stoker::optim

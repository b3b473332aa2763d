#include <ATen/ops/ones.h>

#include "stoker/core/error.h"
#include "stoker/optim/optimizer.h"
#include "support/catch.h"

namespace stoker::optim {
namespace {

NamedTensors model() {
  return {{"stem.conv.weight", at::ones({4, 3, 2, 2})},
          {"stem.conv.bias", at::ones({4})},
          {"layer.norm.weight", at::ones({5})},
          {"layer.norm.bias", at::ones({5})},
          {"head.weight", at::ones({2, 5})},
          {"head.scale", at::ones({})}};
}

std::vector<std::string> names(const ParameterGroup& group) {
  std::vector<std::string> list;
  for (const auto& [name, tensor] : group.parameters) list.push_back(name);
  return list;
}

TEST_CASE("without entries all parameters are one group, in order") {
  const auto groups = make_groups(model(), {.weight_decay = 0.2});
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].parameters.size() == 6);
  CHECK(groups[0].parameters[2].first == "layer.norm.weight");
  CHECK(groups[0].lr_factor == 1);
  CHECK(groups[0].weight_decay == 0.2);
  CHECK(make_groups({}, {.no_decay_norm_bias = true}).empty());
}

TEST_CASE("norms, biases and scalars can go without decay") {
  const auto groups = make_groups(model(), {.weight_decay = 0.2, .no_decay_norm_bias = true});
  REQUIRE(groups.size() == 2);
  CHECK(names(groups[0]) == std::vector<std::string>{"stem.conv.weight", "head.weight"});
  CHECK(groups[0].weight_decay == 0.2);
  CHECK(names(groups[1]) == std::vector<std::string>{"stem.conv.bias", "layer.norm.weight",
                                                     "layer.norm.bias", "head.scale"});
  CHECK(groups[1].weight_decay == 0);
  CHECK(groups[1].lr_factor == 1);
}

TEST_CASE("learned positions and tokens can go without decay, and no other table of weights") {
  const NamedTensors vit{{"pos_embed", at::zeros({1, 5, 6})},
                         {"cls_token", at::zeros({1, 1, 6})},
                         {"reg_token", at::zeros({1, 2, 6})},
                         {"layers.0.attn.relative_position_bias_table", at::zeros({9, 2})},
                         {"pos_embed.proj.weight", at::zeros({6, 3})},
                         {"my_pos_embed", at::zeros({6, 3})}};
  const auto groups = make_groups(vit, {.weight_decay = 0.2, .no_decay_norm_bias = true});
  REQUIRE(groups.size() == 2);
  CHECK(names(groups[0]) == std::vector<std::string>{"pos_embed.proj.weight", "my_pos_embed"});
  CHECK(groups[1].parameters.size() == 4);
}

TEST_CASE("the first entry that matches decides, before no_decay_norm_bias") {
  const auto groups = make_groups(
      model(), {.weight_decay = 0.2,
                .no_decay_norm_bias = true,
                .groups = {{.match = "norm.*bias", .lr_factor = 64, .decay_factor = 0.5},
                           {.match = "bias$", .lr_factor = 2},
                           {.match = "^head", .lr_factor = 3, .decay_factor = 0}}});
  REQUIRE(groups.size() == 5);
  CHECK(names(groups[0]) == std::vector<std::string>{"stem.conv.weight"});
  CHECK(names(groups[1]) == std::vector<std::string>{"layer.norm.weight"});
  CHECK(names(groups[2]) == std::vector<std::string>{"layer.norm.bias"});
  CHECK(groups[2].lr_factor == 64);
  CHECK(groups[2].weight_decay == 0.1);
  CHECK(names(groups[3]) == std::vector<std::string>{"stem.conv.bias"});
  CHECK(groups[3].lr_factor == 2);
  CHECK(groups[3].weight_decay == 0.2);
  CHECK(names(groups[4]) == std::vector<std::string>{"head.weight", "head.scale"});
}

TEST_CASE("an entry that decides for nothing is a mistake") {
  CHECK_THROWS_AS(make_groups(model(), {.groups = {{.match = "lstm"}}}), ConfigError);
  CHECK_THROWS_WITH(
      make_groups(model(), {.groups = {{.match = "head"}, {.match = "lstm"}}}),
      Catch::Contains("optimizer.groups[1].match: \"lstm\" matches none of the 6 parameters") &&
          Catch::Contains("stem.conv.weight"));
  CHECK_THROWS_WITH(make_groups(model(), {.groups = {{.match = "bias"}, {.match = "norm.bias"}}}),
                    Catch::Contains("groups[1]") && Catch::Contains("earlier entry"));
}

TEST_CASE("a bad expression is named") {
  CHECK_THROWS_AS(make_groups(model(), {.groups = {{.match = "norm("}}}), ConfigError);
  CHECK_THROWS_WITH(make_groups(model(), {.groups = {{.match = "norm("}}}),
                    Catch::Contains("optimizer.groups[0].match: \"norm(\""));
}

TEST_CASE("every row has the shared options, adamw with a decay of its own") {
  const auto decay = [](const char* name) {
    return optimizers().pick(name).common<CommonOptions>().weight_decay;
  };
  CHECK(decay("sgd") == 0);
  CHECK(decay("adam") == 0);
  CHECK(decay("adamw") == 0.01);
  for (const config::Alternative& row : optimizers().rows()) {
    config::Choice choice = optimizers().pick(row.name);
    config::Fields fields;
    optimizers().describe(choice, fields);
    int shared = 0;
    for (const config::Field& field : fields.list())
      shared += field.name == "weight_decay" || field.name == "no_decay_norm_bias" ||
                field.name == "groups" || field.name == "lr";
    CHECK(shared == 4);
  }
}

}  // namespace
}  // namespace stoker::optim

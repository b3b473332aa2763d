#include "stoker/models/transfer.h"

#include <ATen/ops/randn.h>

#include <map>
#include <regex>

#include "stoker/core/error.h"
#include "stoker/models/convolutions.h"
#include "stoker/models/model.h"
#include "support/catch.h"

namespace stoker::models {
namespace {

std::shared_ptr<Model> resnet18() {
  return models().build(models().pick("resnet18"), {.classes = 7, .height = 32, .width = 24});
}

std::string message_of(Model& model, const std::vector<std::string>& patterns) {
  try {
    freeze(model, patterns);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("parameters freeze by patterns on their names", "[models]") {
  const auto model = resnet18();
  const FrozenParameters frozen = freeze(*model, {"^(conv1|bn1)\\.", "^layer1\\.0\\.bn"});
  CHECK(frozen.names == std::vector<std::string>{"conv1.weight", "bn1.weight", "bn1.bias",
                                                 "layer1.0.bn1.weight", "layer1.0.bn1.bias",
                                                 "layer1.0.bn2.weight", "layer1.0.bn2.bias"});
  CHECK(frozen.values == 64 * 3 * 3 * 3 + 6 * 64);
  std::map<std::string, bool> learns;
  for (const auto& parameter : model->named_parameters())
    learns[parameter.key()] = parameter.value().requires_grad();
  CHECK_FALSE(learns["bn1.bias"]);
  CHECK(learns["layer1.0.conv1.weight"]);
  CHECK(learns["fc.weight"]);
  CHECK(freeze(*resnet18(), {}).names.empty());
}

TEST_CASE("a frozen part keeps its parameters and its norms' statistics through a step",
          "[models]") {
  const auto model = resnet18();
  freeze(*model, {"^(conv1|bn1|layer[123])\\."});
  model->train();
  const at::Tensor frozen_mean = model->named_buffers()["layer2.0.bn1.running_mean"];
  const at::Tensor learned_mean = model->named_buffers()["layer4.0.bn1.running_mean"];
  const at::Tensor before = frozen_mean.clone(), learned_before = learned_mean.clone();
  model->forward(at::randn({3, 3, 32, 40}) + 1).square().sum().backward();
  CHECK(frozen_mean.equal(before));
  CHECK_FALSE(learned_mean.equal(learned_before));
  CHECK_FALSE(model->named_parameters()["layer3.1.bn2.bias"].grad().defined());
  CHECK(model->named_parameters()["layer4.0.conv1.weight"].grad().defined());
}

TEST_CASE("patterns that freeze nothing or everything are mistakes", "[models]") {
  const auto model = resnet18();
  const std::string unmatched = message_of(*model, {"conv1", "stem"});
  CHECK(has(unmatched, "model.freeze.1: \"stem\" matches none of the model's 62 parameters"));
  CHECK(has(unmatched, "conv1.weight, bn1.weight"));
  CHECK(has(message_of(*resnet18(), {"layer("}), "model.freeze.0: \"layer(\" is no regular"));
  CHECK(has(message_of(*resnet18(), {"."}), "nothing to train"));
}

TEST_CASE("every parameter is of one layer, from the images to the classifier", "[models]") {
  const ModelContext context{.classes = 7, .height = 224, .width = 224};
  const BlankWeights names_alone;
  for (const config::Alternative& row : models().rows()) {
    // Large networks on patches are as the small ones, and draw their weights.
    static const std::regex kLarge("(vit|deit3?|swin|mixer|convnext|convnextv2)_[bl].*");
    const bool is_large = std::regex_match(row.name.begin(), row.name.end(), kLarge);
    if (row.name == "torchscript" || is_large) continue;
    INFO(row.name);
    const auto model = models().build(models().pick(row.name), context);
    const auto layers = model->layers();
    REQUIRE(layers.size() >= 3);
    CHECK(layers.back().back() == model->head());  // a norm may stand before it
    for (const auto& parameter : model->named_parameters()) {
      int found = 0;
      for (const auto& layer : layers)
        for (const std::string& prefix : layer) found += parameter.key().starts_with(prefix);
      INFO(parameter.key());
      CHECK(found == 1);
    }
  }
}

// timm 1.0's param_groups_layer_decay makes as many: the stem, each block, the classifier.
TEST_CASE("residual networks have as many layers as timm counts", "[models]") {
  const std::map<std::string, size_t> expected{
      {"resnet18", 10}, {"resnet50", 18}, {"resnet152", 52}};
  for (const auto& [name, layers] : expected) {
    const auto model =
        models().build(models().pick(name), {.classes = 7, .height = 32, .width = 24});
    CHECK(model->layers().size() == layers);
  }
}

}  // namespace
}  // namespace stoker::models

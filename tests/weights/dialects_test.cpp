#include "stoker/weights/dialects.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>

#include "support/catch.h"

using namespace stoker::weights;

namespace {

std::string named(std::string_view name, const std::vector<NameRule>& rules) {
  return renamed(name, rules).value_or("none");
}

}  // namespace

TEST_CASE("a rule changes the beginning of a name, and counts") {
  const std::vector<NameRule> rules{{"a.#.b_#.", "s#2.t#1."},
                                    {"up.#.", "down.#1+1."},
                                    {"half.#", "h#1/2"},
                                    {"less.#", "l#1-1"},
                                    {"gone", ""}};
  CHECK(named("a.12.b_3.weight", rules) == "s3.t12.weight");
  CHECK(named("up.9.x", rules) == "down.10.x");
  CHECK(named("half.7.y", rules) == "h3.y");
  CHECK(named("less.4", rules) == "l3");
  CHECK(named("gone.weight", rules).empty());
  CHECK(named("a.x.b_3.weight", rules) == "none");
  CHECK(named("a.1.b_", rules) == "none");
  CHECK(named("", rules) == "none");
}

TEST_CASE("a name goes back by the rule that made it") {
  const std::vector<NameRule> rules{{"f.0.", "stem."},
                                    {"f.#.#.norm", "s.#1-1/2.b.#2.norm"},
                                    {"f.#.", "s.#1/2.down."},
                                    {"t.b#.b#-#.", "r#1.b#3+1."},
                                    {"old.", "new."},
                                    {"older.", "new."},
                                    {"gone", ""}};
  const auto back = [&](std::string_view name) { return respelled(name, rules).value_or("none"); };
  CHECK(back("stem.weight") == "f.0.weight");
  CHECK(back("s.2.b.5.norm.bias") == "f.5.5.norm.bias");
  CHECK(back("s.2.down.bias") == "f.4.bias");
  CHECK(back("s.0.down.bias") == "none");  // f.0. is the stem's
  CHECK(back("r3.b1.x") == "t.b3.b3-0.x");
  CHECK(back("new.y") == "old.y");
  CHECK(back("other.z") == "none");
  CHECK(back("gone.z") == "none");
  CHECK(back("r3.bx") == "none");
}

TEST_CASE("what torchvision keeps beside its weights, and its shapes, are made") {
  const NamedTensors swin{{"layers.1.blocks.0.attn.relative_position_bias_table", at::ones({9, 2})},
                          {"layers.1.downsample.norm.bias", at::ones({8})}};
  const Respelling made = spelled_as(swin, "torchvision's Swin");
  CHECK(made.unknown.empty());
  REQUIRE(made.tensors.size() == 3);
  CHECK(made.tensors[0].first == "features.3.0.attn.relative_position_bias_table");
  CHECK(made.tensors[1].first == "features.3.0.attn.relative_position_index");
  // Of a window of 2x2: rows of the table by dy * 3 + dx, from -1.
  CHECK(made.tensors[1].second.equal(
      at::tensor({4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4}, at::kLong)));
  CHECK(made.tensors[2].first == "features.2.norm.bias");

  const Respelling convnext =
      spelled_as({{"stages.0.blocks.1.gamma", at::ones({5})}}, "torchvision's ConvNeXt");
  CHECK(convnext.tensors[0].first == "features.1.1.layer_scale");
  CHECK(convnext.tensors[0].second.sizes() == at::IntArrayRef({5, 1, 1}));
  const Respelling vgg =
      spelled_as({{"pre_logits.fc1.weight", at::ones({4, 3, 2, 2})}}, "torchvision's VGG");
  CHECK(vgg.tensors[0].second.sizes() == at::IntArrayRef({4, 12}));
  CHECK(spelled_as({{"reg_token", at::ones({2})}}, "torchvision's ViT").unknown.size() == 1);
  CHECK_THROWS(spelled_as({}, "nobody's"));
}

TEST_CASE("queries, keys and values are joined where all three are there") {
  const auto full = [](double value) { return at::full({2, 3}, value); };
  const std::string layer = "encoder.layer.0.attention.attention.";
  NamedTensors file{{"embeddings.cls_token", at::ones({1, 1, 3})},
                    {layer + "value.weight", full(3)},
                    {layer + "query.weight", full(1)},
                    {layer + "key.weight", full(2)},
                    {"encoder.layer.0.layernorm_before.weight", at::ones({3})}};
  const std::set<std::string> model{"cls_token", "blocks.0.attn.qkv.weight",
                                    "blocks.0.norm1.weight"};
  const Translation whole = translate(file, model);
  CHECK_FALSE(whole.dialect.empty());
  REQUIRE(whole.tensors.size() == 3);
  for (const auto& [name, tensor] : whole.tensors) {
    CHECK(model.contains(name));
    if (name != "blocks.0.attn.qkv.weight") continue;
    REQUIRE(tensor.sizes() == at::IntArrayRef({6, 3}));
    CHECK(tensor.select(1, 2).equal(at::arange(2, 8).div(2, "floor").to(at::kFloat)));
  }
  file.erase(file.begin() + 1);
  const Translation partial = translate(file, model);
  REQUIRE(partial.tensors.size() == 4);
  CHECK(partial.tensors[0].first == "blocks.0.attn.k.weight");
}

TEST_CASE("names that no dialect makes the model's stay as they are") {
  const NamedTensors file{{"features.0.weight", at::ones({2})}, {"x", at::ones({2})}};
  const Translation same = translate(file, {"conv1.weight"});
  CHECK(same.dialect.empty());
  CHECK(same.tensors[0].first == "features.0.weight");
  CHECK(same.left_out.empty());
  CHECK(translate({}, {"conv1.weight"}).tensors.empty());
}

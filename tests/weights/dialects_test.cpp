#include "stoker/weights/dialects.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>

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

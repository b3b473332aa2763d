// The schema and the reference page. Whether other validators agree with the schema is tested by
// schema_test.py on what this writes.
#include "stoker/config/schema.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "config/support.h"
#include "stoker/config/reference.h"

using namespace stoker;
using namespace stoker::test;
using Json = nlohmann::ordered_json;

namespace {

std::string schema_text() {
  TestOptions options;
  return config::json_schema(config::fields_of(options), "test configuration");
}

// Texts that a file may and may not hold, by the schema and by the reader alike. What needs the
// whole configuration (a required key, two keys of one item) is not among them.
constexpr std::string_view kTexts[] = {
    "{}",
    "name: 2024",
    "name: [a]",
    "nmae: a",
    "seed: 1e3",
    "seed: 1.5",
    "seed: '1'",
    "clip: none",
    "clip: 0",
    "clip: 1e-5",
    "clip:",
    "device: auto",
    "widths: [1, 2]",
    "widths: [0]",
    "widths: 3",
    "mean: [1]",
    "mean: [1.01]",
    "train: {batch_size: 1, precision: bf16, microbatch: auto}",
    "train: {batch_size: 0}",
    "train: {precision: fp61}",
    "train: {epochs: 0}",
    "train: {epochs: true}",
    "train:",
    "optimizer: sgd",
    "optimizer: sdg",
    "optimizer: {name: adam, eps: 1}",
    "optimizer: {name: adam, momentum: 0}",
    "optimizer: {name: sgd, momentum: 0}",
    "optimizer: {name: sgd, momentum: 2}",
    "optimizer: {name: sdg}",
    "optimizer: {lr: 1}",
    "optimizer: {momentmu: 1}",
    "optimizer: {groups: [{match: a}]}",
    "optimizer: {groups: [{lr_factor: 1}]}",
    "optimizer: {nesterov: yes}",
    "optimizer: [sgd]",
    "augment: [flip, gray: , pad_crop: {mode: reflect}]",
    "augment: [flop]",
    "augment: [flop: {}]",
    "augment: [flip: {p: 2}]",
    "augment: [{flip: {}, gray: {}}]",
    "augment: [gray: {p: 1}]",
    "augment: [{}]",
    "augment: flip",
    "augment: []",
};

}  // namespace

TEST_CASE("the schema says types, limits, defaults and meanings") {
  const Json schema = Json::parse(schema_text());
  CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  CHECK(schema["title"] == "test configuration");
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["properties"]["extends"]["anyOf"].size() == 2);
  const Json& train = schema["properties"]["train"]["properties"];
  CHECK(train["batch_size"] == Json::parse(R"({
    "description": "samples per optimizer step, over all devices",
    "default": 256, "type": "integer", "minimum": 1})"));
  CHECK(train["epochs"]["exclusiveMinimum"] == 0);
  CHECK(train["precision"]["enum"] == Json({"fp32", "bf16", "fp16"}));
  CHECK(schema["$defs"]["optimizer.adamw"]["properties"]["eps"]["default"] == 1e-7);
  CHECK(schema["$defs"]["optimizer.adamw"]["properties"]["name"]["const"] == "adamw");
}

// Writes what schema_test.py reads: the schema, and texts with the reader's own verdict.
TEST_CASE("the schema and its examples are written for another validator") {
  const char* folder = std::getenv("STOKER_SCHEMA_FOLDER");
  if (folder == nullptr) return;
  Json cases = Json::array();
  for (const std::string_view text : kTexts)
    cases.push_back({{"text", text},
                     {"value", Json::parse(config::print_json(parse(text)))},
                     {"error", read_error(text)}});
  write_file(std::filesystem::path(folder) / "schema.json", schema_text());
  write_file(std::filesystem::path(folder) / "cases.json", cases.dump());
}

TEST_CASE("the reference page lists every key") {
  TestOptions options;
  const std::string page = config::reference_page(config::fields_of(options), "# Test\n");
  CHECK(page.substr(0, page.find("## `optimizer`: adam\n")) == R"(# Test

## Top level

| key | takes | default | meaning |
|---|---|---|---|
| `name` | text | `run` | of the run's folder |
| `seed` | a whole number | `0` | of everything that is drawn (fixed when a run is resumed: draws would repeat) |
| `clip` | a number above 0 or `none` | `none` | largest norm of the gradient |
| `device` | text or `auto` | `auto` | where to train |
| `widths` | a list of whole numbers above 0 | `[64, 256]` | channels of each group |
| `mean` | a list of numbers from 0 to 1 | `[]` | of each channel |
| `tags` | a list of texts | `[]` | words to find the run by |

## `train`

The loop.

| key | takes | default | meaning |
|---|---|---|---|
| `epochs` | a number above 0 | `10` | passes over the data; fractions are allowed |
| `batch_size` | a whole number at least 1 | `256` | samples per optimizer step, over all devices (fixed when a run is resumed: the position in the data is counted in samples) |
| `microbatch` | a whole number at least 1 or `auto` | `auto` | samples per device at a time |
| `precision` | one of fp32, bf16, fp16 | `fp32` | of the arithmetic |

## `optimizer`

What follows the gradient (fixed when a run is resumed: its state would not fit). Takes one of sgd, adam, adamw, or a map with that `name` and its options. Without a `name` it is `sgd`.

### `optimizer`: sgd

Stochastic gradient descent.

| key | takes | default | meaning |
|---|---|---|---|
| `lr` | a number above 0 | `0.1` | peak learning rate |
| `momentum` | a number from 0 to 1 | `0.9` | decay of the velocity |
| `nesterov` | true or false | `false` | look ahead along the velocity |
| `groups` | a list of items with keys and values | `[]` | parameters with factors of their own |

#### `optimizer.groups`

Parameters with factors of their own. A list; each item has:

| key | takes | default | meaning |
|---|---|---|---|
| `match` | text | required | expression found in the parameter's name |
| `lr_factor` | a number at least 0 | `1` | times the learning rate |

#)");
}

// Printing: exact layout, and values that read back as they were.
#include "stoker/config/print.h"

#include <cmath>
#include <limits>
#include <random>

#include "config/support.h"
#include "stoker/config/yaml.h"
#include "stoker/core/error.h"
#include "stoker/core/shown.h"

using namespace stoker;
using namespace stoker::test;

namespace {

std::string yaml_of(TestOptions& o) {
  return config::print_yaml(config::to_node(config::fields_of(o)));
}

}  // namespace

TEST_CASE("the resolved configuration shows where each value came from") {
  auto loaded = read(
      "seed: 7\nwidths: [8, 16]\noptimizer:\n  lr: 0.8\n  groups: [{match: norm.*bias}]\n"
      "augment:\n- pad_crop: {pad: 2}\n- gray");
  CHECK(config::print_yaml(config::values(loaded), {.provenance = true}) ==
        R"(name: run                  # default
seed: 7                    # a.yaml:1
clip: none                 # default
device: auto               # default
widths: [8, 16]            # a.yaml:2
mean: []                   # default
tags: []                   # default
train:
  epochs: 10               # default
  batch_size: 256          # default
  microbatch: auto         # default
  precision: fp32          # default
optimizer:
  name: sgd                # default
  lr: 0.8                  # a.yaml:4
  momentum: 0.9            # default
  nesterov: false          # default
  groups:
    - match: "norm.*bias"  # a.yaml:5
      lr_factor: 1         # default
augment:
  - pad_crop:
      size: 32             # default
      pad: 2               # a.yaml:7
      mode: zero           # default
  - gray                   # a.yaml:8
)");
}

TEST_CASE("the resolved configuration as JSON") {
  auto loaded = read("train: {microbatch: 4}\nclip: 1e-5\naugment: [gray, flip]\nname: '12'");
  CHECK(config::print_json(config::values(loaded)) == R"({
  "name": "12",
  "seed": 0,
  "clip": 1e-05,
  "device": "auto",
  "widths": [
    64,
    256
  ],
  "mean": [],
  "tags": [],
  "train": {
    "epochs": 10,
    "batch_size": 256,
    "microbatch": 4,
    "precision": "fp32"
  },
  "optimizer": {
    "name": "sgd",
    "lr": 0.1,
    "momentum": 0.9,
    "nesterov": false,
    "groups": []
  },
  "augment": [
    "gray",
    {
      "flip": {
        "p": 0.5
      }
    }
  ]
}
)");
}

TEST_CASE("text that looks like something else is quoted") {
  struct Case {
    const char *text, *printed;
  };
  for (const Case& c : std::vector<Case>{{"", "\"\""},
                                         {"a", "a"},
                                         {"a b", "a b"},
                                         {" a", "\" a\""},
                                         {"a ", "\"a \""},
                                         {"true", "\"true\""},
                                         {"No", "\"No\""},
                                         {"null", "\"null\""},
                                         {"~", "\"~\""},
                                         {"12", "\"12\""},
                                         {"1e3", "\"1e3\""},
                                         {"-x", "\"-x\""},
                                         {".5", "\".5\""},
                                         {"../a", "../a"},
                                         {"./a", "./a"},
                                         {"/data/x", "/data/x"},
                                         {"runs/a-1.2", "runs/a-1.2"},
                                         {"cuda:1", "\"cuda:1\""},
                                         {"a: b", "\"a: b\""},
                                         {"a #b", "\"a #b\""},
                                         {"[a]", "\"[a]\""},
                                         {"a,b", "\"a,b\""},
                                         {"a\nb", "\"a\\nb\""},
                                         {"\t", "\"\\t\""},
                                         {"\"\\", "\"\\\"\\\\\""},
                                         {"\x01\x7f", "\"\\x01\\x7f\""},
                                         {"é", "\"é\""},
                                         {"caf\xc3\xa9", "caf\xc3\xa9"},
                                         {"2024-01-01", "\"2024-01-01\""},
                                         {"---", "\"---\""}}) {
    CHECK(config::print_flow(config::make_scalar(c.text, true, {})) == c.printed);
    TestOptions o;
    o.name = c.text;
    o.tags = {c.text, "x"};
    const TestOptions back = read(yaml_of(o)).options;
    CHECK(back.name == c.text);
    CHECK(back.tags == o.tags);
  }
}

TEST_CASE("no control character is printed raw, and it reads back") {
  for (const std::string& name : {std::string("a\x1b[2Jb"),
                                  std::string("a\xC2\x9B"
                                              "2Jb"),
                                  std::string("tab\tand\x7f")}) {
    TestOptions o;
    o.name = name;
    const std::string text = yaml_of(o);
    const std::string line = text.substr(0, text.find('\n'));
    CHECK(shown(line) == line);
    CHECK(read(text).options.name == name);
  }
}

TEST_CASE("numbers print as short as they read back") {
  struct Case {
    double value;
    const char* text;
  };
  for (const Case& c : std::vector<Case>{{0.1, "0.1"},
                                         {1, "1"},
                                         {5e-4, "0.0005"},
                                         {1e-5, "1.0e-05"},
                                         {1e22, "1.0e+22"},
                                         {-0.25, "-0.25"},
                                         {0.1 + 0.2, "0.30000000000000004"},
                                         {5e-324, "5.0e-324"},
                                         {1.5e300, "1.5e+300"}}) {
    CHECK(config::number_text(c.value) == c.text);
    CHECK(config::parse_number(config::number_text(c.value)) == c.value);
  }
}

TEST_CASE("any configuration reads back as it was printed") {
  std::mt19937_64 random(7);
  const auto below = [&](uint64_t n) { return random() % n; };
  const auto number = [&] {
    return std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(below(200)) - 150);
  };
  const auto text = [&] {
    static const std::vector<std::string> kPieces = {"a",
                                                     "Z",
                                                     "0",
                                                     "9",
                                                     " ",
                                                     ":",
                                                     "#",
                                                     "-",
                                                     "\"",
                                                     "'",
                                                     "\\",
                                                     "\n",
                                                     "\t",
                                                     "[",
                                                     "]",
                                                     "{",
                                                     "}",
                                                     ",",
                                                     "&",
                                                     "*",
                                                     "!",
                                                     "|",
                                                     ">",
                                                     "%",
                                                     "@",
                                                     "`",
                                                     "?",
                                                     "~",
                                                     ".",
                                                     "/",
                                                     "é",
                                                     "→",
                                                     "😀",
                                                     "\x01",
                                                     "\x7f",
                                                     "true",
                                                     "null",
                                                     "1e3",
                                                     "=",
                                                     "<<",
                                                     "\r",
                                                     "\xc2\x85",
                                                     "\xe2\x80\xa8",
                                                     "\xef\xbb\xbf"};
    std::string all;
    for (uint64_t n = below(8); n > 0; --n) all += kPieces[below(kPieces.size())];
    return all;
  };
  for (int round = 0; round < 1500; ++round) {
    TestOptions o;
    o.name = text();
    o.seed = static_cast<int64_t>(random());
    if (below(2)) o.clip = number() + 1e-300;
    if (below(2)) o.device = "d" + text();
    o.widths.assign(below(4), static_cast<int64_t>(random() >> 1) + 1);
    for (uint64_t n = below(4); n > 0; --n)
      o.mean.push_back(static_cast<double>(random() >> 12) * 0x1p-52);
    for (uint64_t n = below(4); n > 0; --n) o.tags.push_back(text());
    o.train.epochs = number() + 1e-300;
    if (below(2)) o.train.microbatch = 1 + static_cast<int64_t>(below(1000));
    o.train.precision = static_cast<Precision>(below(3));
    if (below(2)) {
      o.optimizer = optimizers().pick(below(2) ? "adam" : "adamw");
      o.optimizer.as<AdamOptions>().eps = number() + 1e-300;
    } else {
      o.optimizer.as<SgdOptions>().nesterov = below(2);
      for (uint64_t n = below(3); n > 0; --n)
        o.optimizer.as<SgdOptions>().groups.push_back({text(), number()});
    }
    for (uint64_t n = below(4); n > 0; --n)
      o.augment.push_back(augmentations().pick(augmentations().rows()[below(3)].name));
    const std::string printed = yaml_of(o);
    INFO(printed);
    auto back = read(printed);
    REQUIRE(yaml_of(back.options) == printed);
    REQUIRE(back.options.name == o.name);
    REQUIRE(back.options.seed == o.seed);
    REQUIRE(back.options.clip == o.clip);
    REQUIRE(back.options.device == o.device);
    REQUIRE(back.options.mean == o.mean);
    REQUIRE(back.options.tags == o.tags);
    REQUIRE(back.options.train.epochs == o.train.epochs);
    // The comments of provenance change nothing.
    auto commented = read(config::print_yaml(config::values(back), {.provenance = true}));
    REQUIRE(yaml_of(commented.options) == printed);
  }
}

TEST_CASE("scalars that stood without quotes read back as they were") {
  const config::Location source{.origin = config::Origin::kFile, .source = "a.yaml"};
  for (const std::string text :
       {"-",   "+",     "--",   "-1",   "+2", ".5", "-.5",  "-.inf", ".nan", "1e-3",
        "3 4", "12:30", "x:y",  "%x",   "@x", "=",  "=x",   "(x",    "/x",   ".",
        "..",  "-x",    "true", "null", "~",  "y",  "0x1F", "1_000", "a#b",  "\u00e9"}) {
    INFO(text);
    config::Node tree;
    try {
      tree = config::parse_yaml("{a: " + text + ", b: [" + text + ", 1], c: {d: 2}}", source);
    } catch (const ConfigError&) {
      continue;  // not without quotes
    }
    const std::string printed = config::print_yaml(tree);
    INFO(printed);
    const config::Node again = config::parse_yaml(printed, source);
    CHECK(config::print_yaml(again) == printed);
    CHECK(config::print_json(again) == config::print_json(tree));
  }
}

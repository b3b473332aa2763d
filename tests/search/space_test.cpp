#include "stoker/search/space.h"

#include "stoker/config/yaml.h"
#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using search::parse_axis;
using search::parse_space;
using Words = std::vector<std::string>;

TEST_CASE("a list is cut at its commas, but not within brackets, braces and quotes") {
  CHECK(parse_axis("train.precision=fp32,bf16").values == Words{"fp32", "bf16"});
  CHECK(parse_axis("a=[1, 2],[3]").values == Words{"[1, 2]", "[3]"});
  CHECK(parse_axis("a={x: 1, y: [2,3]},none").values == Words{"{x: 1, y: [2,3]}", "none"});
  CHECK(parse_axis("a=\"x,y\",'z,'").values == Words{"\"x,y\"", "'z,'"});
  CHECK(parse_axis("a=1, 2 ,3").values == Words{"1", "2", "3"});
}

TEST_CASE("ranges of whole numbers and of steps are lists") {
  CHECK(parse_axis("a=2..5").values == Words{"2", "3", "4", "5"});
  CHECK(parse_axis("a=2..10:4").values == Words{"2", "6", "10"});
  CHECK(parse_axis("a=2..11:4").values == Words{"2", "6", "10"});
  CHECK(parse_axis("a=0..0.3:0.1").values == Words{"0", "0.1", "0.2", "0.3"});
  CHECK(parse_axis("a=-2..2/3").values == Words{"-2", "0", "2"});
}

TEST_CASE(
    "ranges of real numbers and of logarithms are drawn from, or cut into points for a grid") {
  const search::Axis lr = parse_axis("optimizer.lr=log:0.01..1");
  REQUIRE(lr.range.has_value());
  CHECK(lr.values.empty());
  CHECK(lr.grid() == Words{"0.01", "0.0316228", "0.1", "0.316228", "1"});
  CHECK(lr.at(0.5) == "0.1");
  CHECK(parse_axis("a=log:0.01..1/3").grid() == Words{"0.01", "0.1", "1"});
  CHECK(parse_axis("a=0.1..0.5").grid() == Words{"0.1", "0.2", "0.3", "0.4", "0.5"});
  CHECK(parse_axis("a=0.1..0.5/2").grid() == Words{"0.1", "0.5"});
  CHECK(parse_axis("a=1e-4..1").range->is_integer == false);
}

TEST_CASE("logarithmic ranges of whole numbers give whole numbers, both ends among them") {
  const search::Axis batch = parse_axis("train.batch_size=log:16..256");
  CHECK(batch.grid() == Words{"16", "32", "64", "128", "256"});
  CHECK(batch.at(0) == "16");
  CHECK(batch.at(0.999999) == "256");
}

TEST_CASE("a single value holds for every trial, a path with dots too") {
  const search::Space space =
      parse_space(Words{"data.root=../data..old", "train.epochs=3", "a=[1, 2]", "b=1,2", "name="});
  CHECK(space.fixed == Words{"data.root=../data..old", "train.epochs=3", "a=[1, 2]", "name="});
  REQUIRE(space.axes.size() == 1);
  CHECK(space.axes[0].key == "b");
}

TEST_CASE("what a shell made of a sweep is refused with what to write") {
  const auto refusal = [](const char* word) {
    try {
      parse_axis(word);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK_THAT(refusal("a=0.1,"), Catch::Contains("without spaces"));
  CHECK_THAT(refusal("0.2"), Catch::Contains("without spaces"));
  CHECK_THAT(refusal("=3"), Catch::Contains("expected key=value"));
  CHECK_THAT(refusal("a=1,1"), Catch::Contains("twice"));
  CHECK_THAT(refusal("a=[1,2"), Catch::Contains("no partner"));
  CHECK_THAT(refusal("a=1,\"b"), Catch::Contains("no partner"));
  CHECK_THAT(refusal("a=2..b"), Catch::Contains("\"b\""));
  CHECK_THAT(refusal("a=x..3"), Catch::Contains("\"x\""));
  CHECK_THAT(refusal("a=10..2"), Catch::Contains("more than its beginning"));
  CHECK_THAT(refusal("a=log:0..1"), Catch::Contains("above 0"));
  CHECK_THAT(refusal("a=log:3"), Catch::Contains("log: wants a range"));
  CHECK_THAT(refusal("a=log:1..2:0.1"), Catch::Contains("points and no steps"));
  CHECK_THAT(refusal("a=1..2:0"), Catch::Contains("step"));
  CHECK_THAT(refusal("a=1..2/1"), Catch::Contains("points"));
  CHECK_THAT(refusal("a=1..2/many"), Catch::Contains("many"));
  CHECK_THAT(refusal("a=0..100000000"), Catch::Contains("more than 10000 values"));
  CHECK_THROWS_WITH(parse_space(Words{"a=1", "a=2"}), Catch::Contains("without braces"));
}

TEST_CASE("a map of a sweep file stands for the words of a command line") {
  const config::Node map = config::parse_yaml(
      "train.precision: [fp32, bf16]\noptimizer.lr: log:0.01..1\nmodel.hidden: [[8], [8, 4]]\n"
      "train.epochs: 2\ntrain.batch_size: 16,32\nname: \"a,b\"\n",
      {});
  const Words words = search::words_of(map);
  CHECK(words == Words{"train.precision=fp32,bf16", "optimizer.lr=log:0.01..1",
                       "model.hidden=[8],[8, 4]", "train.epochs=2", "train.batch_size=16,32",
                       "name=\"a,b\""});
  CHECK(parse_axis(words[2]).values == Words{"[8]", "[8, 4]"});
  CHECK_THROWS_WITH(search::words_of(config::parse_yaml("a: []", {})),
                    Catch::Contains("empty list"));
}

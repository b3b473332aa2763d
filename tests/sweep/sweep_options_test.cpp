#include "stoker/sweep/sweep_options.h"

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using sweep::make_plan;
using sweep::read_sweep_file;
using Words = std::vector<std::string>;

TEST_CASE("a sweep file names its config, its space and how it is searched") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "configs/sweep.yaml";
  test::write(path,
              "sweep:\n  config: ../base.yaml\n"
              "  space:\n    train.batch_size: [64, 128]\n    optimizer.lr: log:0.01..1\n"
              "  random: 16\n  seeds: 3\n  max_hours: 0.5\n");
  const auto file = read_sweep_file(path);
  REQUIRE(file.has_value());
  CHECK(file->config == folder.path() / "base.yaml");
  CHECK(file->words == Words{"train.batch_size=64,128", "optimizer.lr=log:0.01..1"});
  CHECK(file->options.random == 16);
  CHECK(file->options.seeds == 3);
  CHECK(file->options.max_hours == 0.5);
  CHECK_FALSE(file->options.sobol.has_value());
}

TEST_CASE("a configuration is no sweep file, and what is neither is refused with its place") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a.yaml";
  const auto refusal = [&](const char* text) {
    test::write(path, text);
    try {
      read_sweep_file(path);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(refusal("train: {epochs: 3}\n") == "accepted");
  CHECK_FALSE(read_sweep_file(path).has_value());
  CHECK_FALSE(read_sweep_file(folder.path() / "none.yaml").has_value());
  CHECK_THAT(refusal("sweep: {config: a, space: {}}\ntrain: {}\n"),
             Catch::Contains("a.yaml:2: train: a sweep file holds"));
  CHECK_THAT(refusal("sweep: {space: {}}\n"), Catch::Contains("sweep.config"));
  CHECK_THAT(refusal("sweep: {config: a.yaml}\n"), Catch::Contains("sweep.space"));
  CHECK_THAT(refusal("sweep: 3\n"), Catch::Contains("expected config and space"));
  CHECK_THAT(refusal("sweep: {config: a, space: {}, sedes: 3}\n"), Catch::Contains("seeds"));
  CHECK_THAT(refusal("sweep: {config: a, space: {}, jobs: 0}\n"), Catch::Contains("jobs"));
}

TEST_CASE("the command line replaces keys of the file's space") {
  CHECK(sweep::merged_words({"a=1,2", "b=3"}, {"a=5", "c=1,2"}) == Words{"b=3", "a=5", "c=1,2"});
}

TEST_CASE("what excludes each other is refused") {
  const Words words{"a=1,2"};
  CHECK_THROWS_WITH(make_plan({.random = 2, .sobol = 2}, words), Catch::Contains("--sobol"));
  CHECK_THROWS_WITH(make_plan({.halving = 2, .asha = 3}, words), Catch::Contains("--asha"));
  CHECK_THROWS_WITH(make_plan({.halving = 1}, words), Catch::Contains("2 to 100"));
  CHECK_THROWS_WITH(make_plan({.metric = "top1"}, words), Catch::Contains("val.top1"));
  CHECK_THROWS_WITH(make_plan({.prune = "mean"}, words), Catch::Contains("median"));
  CHECK_THROWS_WITH(make_plan({}, {"name=a,b"}), Catch::Contains("the sweep's to set"));
  const auto plan =
      make_plan({.sobol = 8, .search_seed = 3, .asha = 4, .metric = "val.loss"}, words);
  CHECK(plan.sample.method == search::Method::kSobol);
  CHECK(plan.sample.count == 8);
  CHECK(plan.sample.seed == 3);
  CHECK(plan.halving->is_asynchronous);
  CHECK(plan.lower_is_better);
}

#include "stoker/sweep/results.h"

#include <nlohmann/json.hpp>

#include "stoker/config/load.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/sweep/report.h"
#include "support/catch.h"
#include "sweep/sweeps.h"

using namespace stoker;
using sweep::Results;
using sweep::SweepPlan;
using sweep::Trial;
using sweep::TrialState;

namespace {

struct Given {
  SweepPlan plan;
  std::vector<Trial> trials;
  Results results(const std::string& metric = "val.top1") const {
    return sweep::results_of(plan, trials, metric);
  }
};

// Done trials of a=1,2,3 with three seeds each; the metric is value[setting] plus a little a seed.
Given given(const std::vector<double>& values, const std::vector<double>& times, double noise) {
  Given made{.plan = test::plan_of({"train.a=1,2,3"}), .trials = {}};
  made.plan.seeds = 3;
  made.trials = sweep::make_trials(made.plan);
  for (Trial& trial : made.trials) {
    const auto setting = static_cast<size_t>(trial.setting);
    trial.state = TrialState::kDone;
    trial.exit_code = 0;
    trial.run = trial.id() + "/1";
    trial.metrics = {{"val.top1", values[setting] + noise * double(trial.number % 3)},
                     {"val.loss", 1 - values[setting]}};
    trial.train_time_s = times[setting];
    trial.peak_bytes = 1000;
  }
  return made;
}

}  // namespace

TEST_CASE("trainings on folds are one setting with their mean") {
  Given folds{.plan = test::plan_of({}), .trials = {}};
  folds.plan.folds = 4;
  folds.trials = sweep::make_trials(folds.plan);
  for (Trial& trial : folds.trials) {
    trial.state = TrialState::kDone;
    trial.metrics = {{"val.top1", 0.1 * double(trial.number)}};
  }
  const Results results = folds.results();
  REQUIRE(results.settings.size() == 1);
  CHECK(results.settings[0].overrides.empty());
  CHECK(results.settings[0].metric.count == 4);
  CHECK(results.settings[0].metric.mean == Approx(0.25));
}

TEST_CASE("settings are sorted by their mean over seeds") {
  const Results results = given({0.5, 0.9, 0.7}, {10, 20, 5}, 0.001).results();
  REQUIRE(results.settings.size() == 3);
  CHECK(results.settings[0].setting == 1);
  CHECK(results.settings[0].overrides == std::vector<std::string>{"train.a=2"});
  CHECK(results.settings[0].metric.count == 3);
  CHECK(results.settings[2].setting == 0);
  CHECK(results.best == size_t{0});
  CHECK(results.best_trial == 5);  // the seed with the largest value
  CHECK_FALSE(results.settings[1].is_tied);
  // The worst is no faster than the second.
  CHECK(results.settings[1].is_on_front);
  CHECK_FALSE(results.settings[2].is_on_front);
  CHECK(results.front_trials() == std::vector<int64_t>{4, 5, 6, 7, 8, 9});
  CHECK(results.importance[0].key == "train.a");
  CHECK(results.importance[0].importance.explained > 0.99);
}

TEST_CASE("a loss is better lower") {
  CHECK(given({0.5, 0.9, 0.7}, {1, 1, 1}, 0).results("val.loss").settings[0].setting == 1);
  CHECK_THROWS_WITH(given({0.5, 0.9, 0.7}, {1, 1, 1}, 0).results("top1"),
                    Catch::Contains("val.top1, val.top5"));
}

TEST_CASE("of settings that the seeds cannot tell apart the cheapest is best") {
  const Results results = given({0.5, 0.701, 0.7}, {10, 20, 5}, 0.01).results();
  CHECK(results.settings[0].setting == 1);
  CHECK(results.settings[1].is_tied);
  CHECK_FALSE(results.settings[2].is_tied);
  CHECK(results.best == size_t{1});
}

TEST_CASE("the fastest within half a point, and the knee of accuracy and time") {
  const Results results = given({0.900, 0.904, 0.5}, {5, 20, 3}, 0.0001).results();
  CHECK(results.settings[*results.cheapest].setting == 0);
  CHECK(results.settings[*results.knee].setting == 0);
  CHECK_FALSE(given({0.5, 0.9, 0.7}, {1, 2, 1}, 0).results("val.loss").cheapest.has_value());
}

TEST_CASE("what did not train to its end is no result") {
  Given some = given({0.5, 0.9, 0.7}, {1, 1, 1}, 0);
  for (Trial& trial : some.trials)
    if (trial.setting == 1) trial.state = TrialState::kPruned;
  some.trials[0].metrics.clear();
  const Results results = some.results();
  REQUIRE(results.settings.size() == 2);
  CHECK(results.settings[0].setting == 2);
  CHECK(results.settings[1].metric.count == 2);
  for (Trial& trial : some.trials) trial.state = TrialState::kFailed;
  CHECK_FALSE(some.results().best.has_value());
}

TEST_CASE("results for programs name trials by their ids") {
  const Given some = given({0.5, 0.9, 0.7}, {10, 20, 5}, 0.001);
  const auto json = nlohmann::json::parse(sweep::results_json("s", some.results(), some.trials));
  CHECK(json.at("best") == "trial-005");
  CHECK(json.at("pareto").size() == 6);
  const auto& trial = json.at("trials").at(3);
  CHECK(trial.at("id") == "trial-004");
  CHECK(trial.at("state") == "done");
  CHECK(trial.at("overrides") == nlohmann::json{"train.a=2", "seed=0"});
  CHECK(trial.at("run") == "s/trial-004/1");
  CHECK(trial.at("exit_code") == 0);
  CHECK(trial.at("metrics").at("val.top1").get<double>() > 0.89);
  CHECK(trial.at("peak_bytes") == 1000);
  const Trial queued{.number = 1};
  const auto none = nlohmann::json::parse(sweep::results_json("s", {}, {&queued, 1}));
  CHECK(none.at("best").is_null());
  CHECK(none.at("trials").at(0).at("run").is_null());
}

TEST_CASE("the table says what is best, tied and failed") {
  Given some = given({0.5, 0.701, 0.7}, {10, 20, 5}, 0.01);
  some.trials[0].state = TrialState::kFailed;
  some.trials[0].exit_code = 5;
  some.trials[0].reason = "stoker: out of memory";
  const std::string text = sweep::table_text(some.results(), some.trials);
  CHECK_THAT(text, Catch::Contains("9 trials: 8 done 1 failed"));
  CHECK_THAT(text, Catch::Contains("best tied front"));
  CHECK_THAT(text, Catch::Contains("trial-001 failed (5): stoker: out of memory"));
  CHECK_THAT(text, Catch::Contains("variance explained by each key: train.a"));
}

TEST_CASE("the best setting is a config that extends the sweep's base") {
  const test::TemporaryFolder folder;
  test::write(folder.path() / "base.yaml",
              "train: {a: 9, b: 8}\naugment:\n  - flip: {p: 0.5}\n  - crop\nmodel: {name: mlp}\n");
  Results results{.metric = "val.top1", .settings = {{}}, .best = 0};
  results.settings[0].overrides = {"train.a=2", "augment.flip.p=0.25", "model=resnet18"};
  test::write(folder.path() / "best.yaml", sweep::setting_yaml(folder.path(), results, 0));
  const std::string text = read_file(folder.path() / "best.yaml");
  CHECK_THAT(text, Catch::Contains("extends: base.yaml"));
  CHECK_THAT(text, !Catch::Contains("b: 8"));
  const config::Node tree = config::load_files(folder.path() / "best.yaml");
  CHECK(tree.find("train")->find("a")->scalar == "2");
  CHECK(tree.find("train")->find("b")->scalar == "8");
  CHECK(tree.find("augment")->items.size() == 2);
  CHECK(tree.find("augment")->items[0].find("flip")->find("p")->scalar == "0.25");
  CHECK(tree.find("model")->scalar == "resnet18");
}

TEST_CASE("the reports of a sweep are files in its folder") {
  const test::TemporaryFolder folder;
  test::write(folder.path() / "base.yaml", "train: {a: 9}\n");
  const Given some = given({0.5, 0.9, 0.7}, {10, 20, 5}, 0.001);
  sweep::write_reports(folder.path(), some.plan, some.trials, some.results());
  const std::string csv = read_file(folder.path() / "trials.csv");
  CHECK_THAT(csv, Catch::Contains("id,state,exit_code,train.a,seed,val.loss,val.top1,steps"));
  CHECK_THAT(csv, Catch::Contains("\ntrial-004,done,0,2,0,"));
  for (const char* name : {"best.yaml", "pareto.svg", "importance.svg"})
    CHECK(std::filesystem::exists(folder.path() / name));
}

#include "stoker/sweep/plan.h"

#include "stoker/core/error.h"
#include "support/catch.h"
#include "sweep/sweeps.h"

using namespace stoker;
using sweep::SweepPlan;
using Words = std::vector<std::string>;

TEST_CASE("each setting has its seeds, counted from the configuration's") {
  SweepPlan plan = test::plan_of({"a=1,2"});
  plan.seeds = 2;
  plan.base = sweep::leaves_of_json(R"({"seed": 7, "train": {"epochs": 3}})");
  const auto trials = sweep::make_trials(plan);
  REQUIRE(trials.size() == 4);
  CHECK(trials[1].overrides == Words{"a=1", "seed=8"});
  CHECK(trials[2].overrides == Words{"a=2", "seed=7"});
  CHECK(trials[2].setting == 1);
  CHECK(trials[2].id() == "trial-003");
  CHECK(plan.keys() == Words{"a"});
}

TEST_CASE("values of seed are the seeds of each setting and no setting of their own") {
  const SweepPlan plan = test::plan_of({"seed=3,5", "a=1,2"});
  const auto trials = sweep::make_trials(plan);
  REQUIRE(trials.size() == 4);
  CHECK(trials[1].overrides == Words{"a=1", "seed=5"});
  CHECK(plan.keys() == Words{"a"});
  SweepPlan both = plan;
  both.seeds = 2;
  CHECK_THROWS_WITH(sweep::make_trials(both), Catch::Contains("--seeds"));
}

TEST_CASE("each setting has its folds, and each of these its seeds") {
  SweepPlan plan = test::plan_of({"a=1,2"});
  plan.folds = 3;
  auto trials = sweep::make_trials(plan);
  REQUIRE(trials.size() == 6);
  CHECK(trials[1].overrides == Words{"a=1", "data.fold=2/3"});
  CHECK(trials[5].overrides == Words{"a=2", "data.fold=3/3"});
  CHECK(trials[5].setting == 1);
  CHECK(plan.keys() == Words{"a"});
  plan.seeds = 2;
  trials = sweep::make_trials(plan);
  REQUIRE(trials.size() == 12);
  CHECK(trials[0].overrides == Words{"a=1", "seed=0", "data.fold=1/3"});
  CHECK(trials[1].overrides == Words{"a=1", "seed=1", "data.fold=1/3"});
  CHECK(trials[4].overrides == Words{"a=1", "seed=0", "data.fold=3/3"});
  SweepPlan other = test::plan_of({"data.fold=1/3,2/3"});
  other.folds = 3;
  CHECK_THROWS_WITH(sweep::make_trials(other), Catch::Contains("data.fold"));
  other = test::plan_of({"data.fold=1/3"});
  other.folds = 3;
  CHECK_THROWS_WITH(sweep::make_trials(other), Catch::Contains("data.fold"));
  other = test::plan_of({"a=1"});
  other.folds = 1;
  CHECK_THROWS_WITH(sweep::make_trials(other), Catch::Contains("--folds"));
}

TEST_CASE("a plan comes back from its register") {
  SweepPlan plan = test::plan_of({"a=log:0.1..1", "b=1,2", "c=3"});
  plan.folds = 4;
  plan.sample = {.method = search::Method::kSobol, .count = 12, .seed = 4};
  plan.seeds = 3;
  plan.halving = sweep::Halving{.eta = 2, .is_asynchronous = true};
  plan.metric = "val.loss";
  plan.lower_is_better = true;
  plan.base = {{"train.epochs", "3"}};
  const SweepPlan again = sweep::plan_from(sweep::identity_of(plan));
  CHECK(sweep::identity_of(again) == sweep::identity_of(plan));
  CHECK(sweep::differences(plan, again).empty());
  CHECK(sweep::make_trials(again) == sweep::make_trials(plan));
  CHECK_THROWS_AS(sweep::plan_from("{}"), DataError);
}

TEST_CASE("a changed sweep is described by the keys that differ") {
  SweepPlan before = test::plan_of({"a=1,2", "b=1,2"});
  before.base = {{"train.epochs", "3"}, {"seed", "0"}};
  SweepPlan now = test::plan_of({"a=1,2,3", "c=1,2"});
  now.base = {{"train.epochs", "5"}, {"seed", "0"}};
  now.sample = {.method = search::Method::kRandom, .count = 4};
  CHECK(sweep::differences(before, now) == Words{"a: 1,2, now 1,2,3", "b: 1,2, now none",
                                                 "search: grid, now random 4 (search seed 0)",
                                                 "c: none, now 1,2", "train.epochs: 3, now 5"});
}

#include "stoker/train/local_steps.h"

#include <vector>

#include "support/catch.h"

using namespace stoker;
using train::LocalRule;

namespace {

// 5 epochs of 7 steps.
constexpr train::StepPlan kPlan{.batch_size = 4, .steps_per_epoch = 7, .total_steps = 35};

std::vector<int64_t> averages(const LocalRule& rule, int64_t last) {
  std::vector<int64_t> steps;
  for (int64_t step = 0; step <= last; ++step)
    if (rule.averages_at(step)) steps.push_back(step);
  return steps;
}

const train::EvalOptions kNoEvaluation{.every_epochs = 0};
const train::CheckpointOptions kNoSave{.every_epochs = 0};

}  // namespace

TEST_CASE("ranks that exchange gradients are always alike") {
  const LocalRule rule;
  CHECK_FALSE(rule.is_local(0));
  CHECK(averages(rule, 35).empty());
  CHECK(rule.is_whole(13));
}

TEST_CASE("means are taken each few steps, counted from where ranks began to be alone") {
  const LocalRule rule({.steps = 4, .after = 2}, kPlan, {}, kNoEvaluation, kNoSave);
  CHECK_FALSE(rule.is_local(13));
  CHECK(rule.is_local(14));
  CHECK(averages(rule, 35) == std::vector<int64_t>{18, 22, 26, 30, 34, 35});
  CHECK(rule.is_whole(14));
  CHECK_FALSE(rule.is_whole(15));
  CHECK_FALSE(rule.is_whole(17));
  CHECK(rule.is_whole(18));
}

TEST_CASE("means are taken wherever something looks at the weights") {
  train::TrainOptions stops;
  stops.max_steps = 10;
  stops.stop_after_epochs = 3;
  CHECK(averages({{.steps = 16}, kPlan, stops, kNoEvaluation, kNoSave}, 35) ==
        std::vector<int64_t>{10, 16, 21, 32, 35});
  CHECK(averages({{.steps = 16}, kPlan, {}, {.every_epochs = 2}, kNoSave}, 20) ==
        std::vector<int64_t>{14, 16});
  train::CheckpointOptions saves{.every_epochs = 1};
  saves.every_steps = 5;
  CHECK(averages({{.steps = 16}, kPlan, {}, kNoEvaluation, saves}, 16) ==
        std::vector<int64_t>{5, 7, 10, 14, 15, 16});
}

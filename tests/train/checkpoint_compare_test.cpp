#include "stoker/train/checkpoint_compare.h"

#include <ATen/ops/full.h>

#include <limits>

#include "support/catch.h"
#include "train/contents.h"

using namespace stoker;
using namespace stoker::train;
using namespace stoker::test;
using Lines = std::vector<std::string>;

TEST_CASE("equal checkpoints do not differ, NaN and clocks included") {
  CheckpointContent a = content(1), b = content(1);
  a.model[0].second = at::full({2}, std::numeric_limits<double>::quiet_NaN());
  b.model[0].second = a.model[0].second.clone();
  a.state_json = R"({"step": 1, "train_time_s": 2.0, "window": {"time_s": 1.0, "steps": 3}})";
  b.state_json = R"({"step": 1, "train_time_s": 9.0, "window": {"time_s": 7.0, "steps": 3}})";
  CHECK(differences(a, b) == Lines{});
}

TEST_CASE("every difference is told with its name and size") {
  CheckpointContent a = content(1), b = content(1);
  b.model[0].second[1][2][4] += 0.5;
  b.model[0].second[0][0][0] -= 0.25;
  b.model[1].second = at::full({2, 3}, 1);
  b.optimizer = {{"momentum/other", at::full({1}, 1)}};
  b.state_json = R"({"step": 2, "metrics_step": 1, "metrics": {"val.top1": 0.25}})";
  CHECK(differences(a, b) ==
        Lines{"model.safetensors conv.weight: 2 of 30 values differ, by up to 0.5",
              "model.safetensors bn.num_batches_tracked: is Long [2, 3], expected Long [1]",
              "optimizer.safetensors momentum/conv.weight: is missing",
              "optimizer.safetensors momentum/other: is there, expected none",
              "state.json.metrics.val.top1: 0.25, expected 0.5", "state.json.step: 2, expected 1"});
}

TEST_CASE("the sign of a zero is a difference") {
  CheckpointContent a = content(1), b = content(1);
  a.model[0].second = at::full({1}, 0.0);
  b.model[0].second = at::full({1}, -0.0);
  CHECK(differences(a, b).size() == 1);
}

TEST_CASE("metrics of different steps are not compared") {
  CheckpointContent a = content(1), b = content(1);
  a.state_json = R"({"step": 9, "metrics_step": 9, "metrics": {"val.top1": 0.5}})";
  b.state_json = R"({"step": 9, "metrics_step": 6, "metrics": {"val.top1": 0.4}})";
  CHECK(differences(a, b) == Lines{});
}

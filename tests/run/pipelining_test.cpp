#include "stoker/run/pipelining.h"

#include "stoker/algorithms/table.h"
#include "stoker/core/error.h"
#include "stoker/data/table.h"
#include "stoker/run/check.h"
#include "support/catch.h"

using namespace stoker;
using run::RunConfig;

namespace {

struct Case {
  const char* key;
  void (*set)(RunConfig& config);
};

const Case kCases[] = {
    {"dist.shard: gradients", [](RunConfig& c) { c.dist.shard = dist::Shard::kGradients; }},
    {"train.batch_norm: sync",
     [](RunConfig& c) { c.train.batch_norm = train::BatchNormMode::kSync; }},
    {"train.batch_size: auto", [](RunConfig& c) { c.train.batch_size = std::nullopt; }},
    {"train.microbatch: auto", [](RunConfig& c) { c.train.microbatch = std::nullopt; }},
    {"memory.checkpoint: auto",
     [](RunConfig& c) { c.memory.checkpoint = train::CheckpointMode::kAuto; }},
    {"log.histograms", [](RunConfig& c) { c.log.histograms = 1; }},
};

}  // namespace

TEST_CASE("what looks at a whole network is refused beside a pipeline, by both keys") {
  const auto check = [](const RunConfig& config, const std::string& key) {
    CHECK_THROWS_WITH(run::check_pipeline(config),
                      Catch::StartsWith("dist.mesh.pipeline: 2 ") && Catch::Contains(key));
    RunConfig whole = config;
    whole.dist.mesh.pipeline = 1;
    CHECK_NOTHROW(run::check_pipeline(whole));
  };
  RunConfig config;
  config.dist.mesh.pipeline = 2;
  CHECK_NOTHROW(run::check_pipeline(config));
  for (const Case& one : kCases) {
    INFO(one.key);
    RunConfig with = config;
    one.set(with);
    check(with, one.key);
  }
  for (const char* name :
       {"ema", "swa", "sam", "asam", "noise_scale", "unfreezing", "distillation"}) {
    INFO(name);
    RunConfig with = config;
    with.algorithms = {algorithms::algorithms().pick(name)};
    check(with, std::string("algorithms: ") + name);
  }
  for (const char* name : {"mixup", "cutmix", "fmix"}) {
    RunConfig with = config;
    with.algorithms = {algorithms::algorithms().pick(name)};
    CHECK_NOTHROW(run::check_pipeline(with));
  }
}

TEST_CASE("blocks of stages are refused where there are none") {
  RunConfig config;
  config.dist.pipeline.split = {"head"};
  CHECK_THROWS_WITH(run::check_pipeline(config), Catch::StartsWith("dist.pipeline.split"));
  config.dist.mesh.pipeline = 2;
  CHECK_NOTHROW(run::check_pipeline(config));
}

TEST_CASE("an optimizer that evaluates other weights is refused beside a pipeline") {
  RunConfig config;
  config.data.format = data::formats().pick("shapes");
  config.dist.mesh.pipeline = 2;
  config.model = models::models().pick("mlp");
  config.optimizer = optim::optimizers().pick("schedule_free_adamw");
  CHECK_THROWS_WITH(run::check_config(config), Catch::Contains("optimizer: schedule_free_adamw") &&
                                                   Catch::Contains("dist.mesh.pipeline: 2"));
}

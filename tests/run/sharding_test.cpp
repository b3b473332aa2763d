#include "stoker/run/sharding.h"

#include "stoker/algorithms/table.h"
#include "stoker/core/error.h"
#include "stoker/data/table.h"
#include "stoker/run/build.h"
#include "stoker/run/check.h"
#include "support/catch.h"

using namespace stoker;
using dist::Shard;
using run::RunConfig;

namespace {

void with_algorithm(RunConfig& config, const char* name) {
  config.algorithms = {algorithms::algorithms().pick(name)};
}

struct Case {
  const char* key;
  Shard from;  // refused from here on
  void (*set)(RunConfig& config);
};

const Case kCases[] = {
    {"train.clip_adaptive.factor", Shard::kGradients,
     [](RunConfig& c) { c.train.clip.adaptive.factor = 0.01; }},
    {"optimizer.lookahead.every_steps", Shard::kGradients,
     [](RunConfig& c) { c.optimizer.common<optim::CommonOptions>().lookahead.every_steps = 5; }},
    {"algorithms: sam", Shard::kGradients, [](RunConfig& c) { with_algorithm(c, "sam"); }},
    {"algorithms: asam", Shard::kGradients, [](RunConfig& c) { with_algorithm(c, "asam"); }},
    {"algorithms: noise_scale", Shard::kGradients,
     [](RunConfig& c) { with_algorithm(c, "noise_scale"); }},
    {"algorithms: unfreezing", Shard::kGradients,
     [](RunConfig& c) { with_algorithm(c, "unfreezing"); }},
    {"algorithms: ema", Shard::kParameters, [](RunConfig& c) { with_algorithm(c, "ema"); }},
    {"algorithms: swa", Shard::kParameters, [](RunConfig& c) { with_algorithm(c, "swa"); }},
    {"log.histograms", Shard::kParameters, [](RunConfig& c) { c.log.histograms = 1; }},
    {"data.on_error: skip", Shard::kParameters,
     [](RunConfig& c) { c.data.on_error = data::OnError::kSkip; }},
};

}  // namespace

TEST_CASE("what looks at a whole that would be divided is refused by both keys") {
  for (const Case& one : kCases) {
    for (const Shard shard :
         {Shard::kNone, Shard::kOptimizer, Shard::kGradients, Shard::kParameters}) {
      INFO(one.key << " " << enum_names(shard)[static_cast<size_t>(shard)]);
      RunConfig config;
      config.dist.shard = shard;
      CHECK_NOTHROW(run::check_sharding(config));
      one.set(config);
      if (shard < one.from) {
        CHECK_NOTHROW(run::check_sharding(config));
      } else {
        CHECK_THROWS_WITH(run::check_sharding(config),
                          Catch::StartsWith("dist.shard: ") && Catch::Contains(one.key));
      }
    }
  }
}

TEST_CASE("an optimizer that takes parameters as a whole is refused before it is divided") {
  RunConfig config;
  config.data.format = data::formats().pick("shapes");
  config.model = models::models().pick("mlp");
  for (const char* name : {"lamb", "muon", "schedule_free_adamw"}) {
    config.optimizer = optim::optimizers().pick(name);
    config.dist.shard = Shard::kGradients;
    CHECK_THROWS_WITH(run::check_config(config),
                      Catch::Contains("dist.shard: gradients") &&
                          Catch::Contains(std::string("optimizer: ") + name));
    config.dist.shard = Shard::kNone;
    CHECK_NOTHROW(run::check_config(config));
  }
}

TEST_CASE("micro-batches are fixed where parameters are divided, and only there") {
  for (const Shard shard : {Shard::kGradients, Shard::kParameters}) {
    RunConfig config;
    config.dist.shard = shard;
    run::fix_microbatch_of_shards(config, dist::alone());
    CHECK(config.memory.microbatch != train::MicrobatchMode::kFixed);
    run::fix_microbatch_of_shards(config, *dist::planned(3));
    CHECK((config.memory.microbatch == train::MicrobatchMode::kFixed) ==
          (shard == Shard::kParameters));
  }
}

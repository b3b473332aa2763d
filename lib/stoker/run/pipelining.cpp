#include "stoker/run/pipelining.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/core/log.h"
#include "stoker/core/text.h"
#include "stoker/optim/optimizer.h"
#include "stoker/parallel/one_f_one_b.h"
#include "stoker/run/conflict.h"

namespace stoker::run {

namespace {

constexpr std::array kStageConflicts{
    Conflict{"dist.shard: gradients or parameters", "divides what a stage has of the network",
             [](const RunConfig& c) { return c.dist.shard > dist::Shard::kOptimizer; }},
    Conflict{"train.batch_norm: sync", "waits within passes that stages make at different times",
             [](const RunConfig& c) { return c.train.batch_norm == train::BatchNormMode::kSync; }},
    Conflict{"train.batch_size: auto", "is found on one rank alone",
             [](const RunConfig& c) { return !c.train.batch_size.has_value(); }},
    Conflict{"train.microbatch: auto", "is found on one rank alone",
             [](const RunConfig& c) { return !c.train.microbatch.has_value(); }},
    Conflict{
        "memory.checkpoint: auto", "is found on one rank alone",
        [](const RunConfig& c) { return c.memory.checkpoint == train::CheckpointMode::kAuto; }},
    Conflict{"log.histograms", "looks at the whole network",
             [](const RunConfig& c) { return c.log.histograms.has_value(); }},
};

struct RefusedAlgorithm {
  std::string_view name, why;
};
constexpr std::array kRefusedAlgorithms{
    RefusedAlgorithm{"ema", "keeps an average of the whole network"},
    RefusedAlgorithm{"swa", "keeps a mean of the whole network"},
    RefusedAlgorithm{"sam", "moves weights along gradients of the whole network"},
    RefusedAlgorithm{"asam", "moves weights along gradients of the whole network"},
    RefusedAlgorithm{"noise_scale", "measures gradients of the whole network"},
    RefusedAlgorithm{"unfreezing", "changes what learns in other stages"},
    RefusedAlgorithm{"distillation", "asks a teacher for what it says of images where the loss is"},
};

ConfigError beside_stages(const RunConfig& config, std::string_view key, std::string_view why) {
  return ConfigError(fmt::format(
      "dist.mesh.pipeline: {} does not go with {}, which {}: expected dist.mesh.pipeline: 1, or "
      "the other without it.",
      config.dist.mesh.pipeline, key, why));
}

// What the first rank has measured becomes that of all.
std::vector<parallel::SegmentCost> common_costs(models::Model& model,
                                                const models::ModelContext& context,
                                                dist::Group& all) {
  nlohmann::json costs = nlohmann::json::array();
  if (all.is_first()) {
    for (const parallel::SegmentCost& cost : parallel::segment_costs(model, context))
      costs.push_back({cost.seconds, cost.learns});
  }
  std::vector<parallel::SegmentCost> common;
  for (const auto& cost : parse_json(all.broadcast(json_text(costs))))
    common.push_back({.seconds = cost[0], .learns = cost[1]});
  return common;
}

}  // namespace

void check_pipeline(const RunConfig& config) {
  if (config.dist.mesh.pipeline == 1) {
    if (config.dist.pipeline.split.empty()) return;
    throw ConfigError(
        "dist.pipeline.split: names the blocks with which stages begin, and dist.mesh.pipeline is "
        "1: expected dist.mesh.pipeline: 2 or more with it");
  }
  for (const Conflict& one : kStageConflicts) {
    if (one.is_set(config)) throw beside_stages(config, one.key, one.why);
  }
  for (const auto& choice : config.algorithms) {
    const auto found =
        std::ranges::find(kRefusedAlgorithms, choice.name(), &RefusedAlgorithm::name);
    if (found != kRefusedAlgorithms.end())
      throw beside_stages(config, fmt::format("algorithms: {}", found->name), found->why);
  }
}

void check_pipeline(const RunConfig& config, optim::Optimizer& optimizer) {
  if (config.dist.mesh.pipeline == 1 || optimizer.evaluation_weights().empty()) return;
  throw beside_stages(config, fmt::format("optimizer: {}", config.optimizer.name()),
                      "evaluates other weights than those that it moves");
}

void fix_microbatch_of_stages(RunConfig& config, const dist::Mesh& mesh) {
  if (mesh.shape().pipeline == 1 || config.memory.microbatch == train::MicrobatchMode::kFixed)
    return;
  log().info(
      "memory.microbatch is fixed: with dist.mesh.pipeline a step that does not fit cannot be "
      "taken "
      "again");
  config.memory.microbatch = train::MicrobatchMode::kFixed;
}

Pipeline build_pipeline(const RunConfig& config, models::Model& model,
                        const models::ModelContext& context, dist::Mesh& mesh) {
  const int64_t stages = mesh.shape().pipeline;
  if (stages == 1) return {};
  const std::vector<models::Segment> segments = model.segments();
  if (segments.empty()) {
    throw beside_stages(config, fmt::format("model: {}", config.model.name()),
                        "is one piece that cannot be cut");
  }
  std::vector<parallel::SegmentCost> costs;
  parallel::Split split;
  if (config.dist.pipeline.split.empty()) {
    costs = common_costs(model, context, mesh.all());
    split = parallel::balanced_split(costs, stages);
  } else {
    split = parallel::named_split(segments, config.dist.pipeline.split, stages);
  }
  return {.stage = std::make_unique<parallel::Stage>(mesh, model, split),
          .facts = parallel::stage_facts(model, split, costs)};
}

std::string stages_text(const Pipeline& pipeline, const train::StepPlan& plan) {
  std::string text;
  for (size_t i = 0; i < pipeline.facts.size(); ++i) {
    const parallel::StageFacts& facts = pipeline.facts[i];
    text += fmt::format(
        "{}{} {}{} parameters{}", i == 0 ? "" : "; ", i + 1,
        i == 0 ? "" : fmt::format("from {} on, ", facts.first), human_count(facts.parameters),
        facts.share > 0 ? fmt::format(", {:.0f} % of the time", 100 * facts.share) : "");
  }
  const int64_t stages = std::ssize(pipeline.facts), passes = plan.own_passes();
  double largest = 1.0 / static_cast<double>(stages);
  for (const parallel::StageFacts& facts : pipeline.facts) largest = std::max(largest, facts.share);
  const double busy =
      (1 - parallel::bubble_share(stages, passes)) / (largest * static_cast<double>(stages));
  return fmt::format(
      "{}\n{:<10} {} micro-batch{} a step through {} stages: {:.0f} % of their time is idle "
      "({:.0f} % if all took equally long); batch norm sees {} images at a time",
      text, "", passes, passes == 1 ? "" : "es", stages, 100 * (1 - busy),
      100 * parallel::bubble_share(stages, passes), plan.microbatch);
}

}  // namespace stoker::run

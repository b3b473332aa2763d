#include "stoker/run/sharding.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/core/units.h"
#include "stoker/run/conflict.h"

namespace stoker::run {

namespace {

using dist::Shard;

struct ShardConflict {
  Shard from;  // this stage, and those above
  Conflict with;
};

constexpr std::array kShardConflicts{
    ShardConflict{Shard::kGradients,
                  {"train.clip_adaptive.factor", "measures the gradients of whole filters",
                   [](const RunConfig& c) { return c.train.clip.adaptive.factor.has_value(); }}},
    ShardConflict{
        Shard::kGradients,
        {"optimizer.lookahead.every_steps", "keeps weights as a whole",
         [](const RunConfig& c) {
           return c.optimizer.common<optim::CommonOptions>().lookahead.every_steps.has_value();
         }}},
    ShardConflict{Shard::kGradients,
                  {"algorithms: sam", "moves weights along whole gradients",
                   [](const RunConfig& c) { return has_algorithm(c, "sam"); }}},
    ShardConflict{Shard::kGradients,
                  {"algorithms: asam", "moves weights along whole gradients",
                   [](const RunConfig& c) { return has_algorithm(c, "asam"); }}},
    ShardConflict{Shard::kGradients,
                  {"algorithms: noise_scale", "measures whole gradients",
                   [](const RunConfig& c) { return has_algorithm(c, "noise_scale"); }}},
    ShardConflict{Shard::kGradients,
                  {"algorithms: unfreezing", "changes which parameters are divided",
                   [](const RunConfig& c) { return has_algorithm(c, "unfreezing"); }}},
    ShardConflict{Shard::kParameters,
                  {"algorithms: ema", "keeps an average of whole weights",
                   [](const RunConfig& c) { return has_algorithm(c, "ema"); }}},
    ShardConflict{Shard::kParameters,
                  {"algorithms: swa", "keeps a mean of whole weights",
                   [](const RunConfig& c) { return has_algorithm(c, "swa"); }}},
    ShardConflict{Shard::kParameters,
                  {"log.histograms", "looks at whole weights",
                   [](const RunConfig& c) { return c.log.histograms.has_value(); }}},
    ShardConflict{Shard::kParameters,
                  {"data.on_error: skip",
                   "may leave a rank without an image, while others wait for it in their passes",
                   [](const RunConfig& c) { return c.data.on_error == data::OnError::kSkip; }}},
};

std::string_view name_of(Shard shard) { return enum_names(shard)[static_cast<size_t>(shard)]; }

// The most that goes with what sets in at `from`.
std::string_view below(Shard from) {
  return from == Shard::kParameters ? "gradients or optimizer" : "optimizer";
}

}  // namespace

void check_sharding(const RunConfig& config) {
  for (const auto& [from, with] : kShardConflicts) {
    if (config.dist.shard < from || !with.is_set(config)) continue;
    throw ConfigError(fmt::format(
        "dist.shard: {} does not go with {}, which {}: expected dist.shard: {}, or the other "
        "without it.",
        name_of(config.dist.shard), with.key, with.why, below(from)));
  }
}

void check_sharding(const RunConfig& config, optim::Optimizer& optimizer) {
  if (config.dist.shard < Shard::kGradients) return;
  if (optimizer.is_elementwise() && optimizer.evaluation_weights().empty()) return;
  throw ConfigError(fmt::format(
      "dist.shard: {} does not go with optimizer: {}, which looks at parameters as a whole: "
      "expected one that moves each value by itself, as sgd and adamw do, or dist.shard: none.",
      name_of(config.dist.shard), config.optimizer.name()));
}

void fix_microbatch_of_shards(RunConfig& config, const dist::Group& group) {
  if (config.dist.shard != Shard::kParameters || group.is_alone()) return;
  if (config.memory.microbatch == train::MicrobatchMode::kFixed) return;
  log().info(
      "memory.microbatch is fixed: with dist.shard: parameters a step that does not fit cannot be "
      "taken again");
  config.memory.microbatch = train::MicrobatchMode::kFixed;
}

std::shared_ptr<parallel::Shards> build_shards(const RunConfig& config, models::Model& model,
                                               const models::ModelContext& context,
                                               dist::Group& group) {
  if (config.dist.shard < Shard::kGradients || group.is_alone()) return nullptr;
  return std::make_shared<parallel::Shards>(
      group, model, context,
      parallel::ShardsOptions{.divides_parameters = config.dist.shard == Shard::kParameters,
                              .reshard = config.dist.reshard,
                              .unit_bytes = static_cast<int64_t>(config.dist.bucket_mib * kMib),
                              .compress = config.dist.compress});
}

}  // namespace stoker::run

#include "stoker/run/local_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "stoker/core/error.h"
#include "stoker/run/conflict.h"

namespace stoker::run {

namespace {

constexpr std::array kLocalConflicts{
    Conflict{"dist.shard", "divides state of which each rank needs the whole",
             [](const RunConfig& c) { return c.dist.shard != dist::Shard::kNone; }},
    Conflict{"dist.mesh.pipeline", "divides the network of which each rank needs the whole",
             [](const RunConfig& c) { return c.dist.mesh.pipeline > 1; }},
    Conflict{"train.batch_norm: sync", "exchanges statistics within each step",
             [](const RunConfig& c) { return c.train.batch_norm == train::BatchNormMode::kSync; }},
    Conflict{"train.precision: fp16", "scales the loss by what all ranks' gradients are",
             [](const RunConfig& c) { return c.train.precision == train::Precision::kFp16; }},
    Conflict{"algorithms: noise_scale", "measures gradients of the whole batch",
             [](const RunConfig& c) { return has_algorithm(c, "noise_scale"); }},
};

}  // namespace

void check_local_steps(const RunConfig& config) {
  if (config.dist.local_steps == 0) {
    if (config.dist.local_after == 0) return;
    throw ConfigError(
        "dist.local_after: says when ranks begin to take steps by themselves, and dist.local_steps "
        "is 0: expected dist.local_steps: 4 or more with it");
  }
  for (const Conflict& found : kLocalConflicts) {
    if (!found.is_set(config)) continue;
    throw ConfigError(fmt::format(
        "dist.local_steps does not go with {}, which {}: expected dist.local_steps: 0, or the "
        "other without it.",
        found.key, found.why));
  }
}

std::string local_steps_text(const Session& session) {
  const dist::DistOptions& dist = session.config.dist;
  if (dist.local_steps == 0 || session.group->is_alone()) return "";
  const int64_t share = session.plan().batch_size / session.group->size();
  const std::string from =
      dist.local_after > 0 ? fmt::format("from epoch {:g} on ", dist.local_after) : "";
  return fmt::format(
      "{}each rank takes {} step{} of {} images by itself, then all take the mean of their weights "
      "and states (dist.local_steps): the weights depend on the number of ranks",
      from, dist.local_steps, dist.local_steps == 1 ? "" : "s", share);
}

}  // namespace stoker::run

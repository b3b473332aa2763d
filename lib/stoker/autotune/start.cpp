#include "stoker/autotune/start.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "stoker/autotune/microbatch.h"
#include "stoker/config/config.h"
#include "stoker/core/ceil_div.h"
#include "stoker/core/checked.h"
#include "stoker/core/cpu.h"
#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/core/log.h"
#include "stoker/core/text.h"
#include "stoker/machine/versions.h"
#include "stoker/ops/memory_meter.h"
#include "stoker/run/batch_rule.h"
#include "stoker/run/build.h"
#include "stoker/run/memory.h"
#include "stoker/run/pipelining.h"
#include "stoker/tuning/tune_cache.h"

namespace stoker::autotune {

namespace {

constexpr double kBudgetS = 10;
constexpr int64_t kNotFound = -1;  // where a number stands for `auto`
constexpr const char* kBatch = "train.batch_size";
constexpr const char* kMicrobatch = "train.microbatch";

// All that the rate and the memory of a step depend on.
tuning::TuneKey key_of(run::Session& session) {
  constexpr std::array kSections{"augment",    "progressive_resizing", "model",
                                 "optimizer",  "algorithms",           "memory",
                                 "grad_scaler"};
  tuning::TuneKey key;
  run::RunConfig config = session.config;
  const config::Node values = config::to_node(config::fields_of(config));
  for (const char* section : kSections) {
    if (const config::Node* node = values.find(section))
      key.what[section] = config::print_flow(*node);
  }
  const config::Node* train = values.find("train");
  for (const char* option :
       {"precision", "channels_last", "loss", "clip_grad_norm", "clip_grad_value", "clip_adaptive"})
    key.what[option] = config::print_flow(*train->find(option));
  const models::ModelContext& context = session.context;
  key.what["images"] = fmt::format("{}x{}x{}, {} classes", context.channels, context.height,
                                   context.width, context.classes);
  key.what["batch"] = fmt::to_string(session.plan().batch_size);
  key.what["device"] = fmt::format("{}, {} processors", session.device.str(), usable_cpus());
  for (const auto& [name, version] : machine::versions()) key.versions[name] = version;
  return key;
}

// The least that lets the wished micro-batch fit.
tuning::Line settle_checkpoint(run::Session& session) {
  using train::CheckpointMode;
  const int64_t wished = session.plan().microbatch;
  const int64_t limit = ops::usable_bytes(session.device);
  const int64_t room = limit - tuning::margin_bytes(limit);
  tuning::Line memory;
  for (const CheckpointMode mode :
       {CheckpointMode::kNone, CheckpointMode::kNorms, CheckpointMode::kBlocks}) {
    const models::Recompute rung = run::recompute_rung(mode);
    if (std::ranges::count(session.model->recompute_rungs(), rung) == 0) continue;
    session.config.memory.checkpoint = mode;
    session.model->set_recompute(rung);
    memory = fit_memory(session, wished, limit).line;
    const int64_t need = memory.at(wished);
    log().info("memory.checkpoint: auto: {} needs about {} for a micro-batch of {}, of {}",
               enum_names(mode)[static_cast<size_t>(mode)],
               human_bytes(static_cast<uint64_t>(need)), wished,
               human_bytes(static_cast<uint64_t>(room)));
    if (need <= room) break;
  }
  session.memory = run::memory_parts(session);
  return memory;
}

// What tuning found, or found before.
struct Found {
  int64_t microbatch = 0, largest_microbatch = 0;
  tuning::Line memory;
};

// `key` is of the config that is tuned. largest: as in MicrobatchOptions.
Found find_microbatch(run::Session& session, int64_t largest, std::string_view key,
                      FileSystem& files) {
  tuning::TuneKey tune_key = key_of(session);
  tune_key.what["of"] = fmt::format("{} up to {}", key, largest);
  tuning::TuneCache cache(files, session.config.run.dir);
  const tuning::TuneCache::Found before = cache.find(tune_key);
  if (!before.stale.empty()) log().info("{}: auto is tuned again: {}", key, before.stale);
  if (before.value.is_object() && before.value.contains("bytes_per_image")) {
    log().info("{}: auto, as found before ({})", key, cache.path_of(tune_key).string());
    return {.microbatch = before.value["microbatch"],
            .largest_microbatch = before.value["largest_microbatch"],
            .memory = {.base_bytes = before.value["base_bytes"],
                       .bytes_per_image = before.value["bytes_per_image"]}};
  }
  log().info("{}: auto: looking for what fits and what is fastest", key);
  const MicrobatchTuning found =
      tune_microbatch(session, {.budget_s = kBudgetS, .largest = largest});
  log().info("{}: auto: {}", key, found.reason);
  cache.keep(tune_key, {{"microbatch", found.microbatch},
                        {"largest_microbatch", found.largest_microbatch},
                        {"images_per_s", found.images_per_s},
                        {"base_bytes", found.memory.base_bytes},
                        {"bytes_per_image", found.memory.bytes_per_image}});
  return {found.microbatch, found.largest_microbatch, found.memory};
}

tuning::Line settle_microbatch(run::Session& session, FileSystem& files) {
  const Found found = find_microbatch(
      session, session.plan().ranks > 1 ? session.plan().microbatch : 0, kMicrobatch, files);
  log().info("{}: auto is {}", kMicrobatch, found.microbatch);
  run::use_microbatch(session, found.microbatch);
  return found.memory;
}

int64_t largest_batch(int64_t base, int64_t samples) {
  constexpr int64_t kMostTimesBase = 16, kLeastStepsAnEpoch = 20;  // beyond, rates do not scale
  return std::clamp(samples / kLeastStepsAnEpoch, base,
                    checked_multiply("tune.base_batch_size", base, kMostTimesBase));
}

void find_batch(run::RunConfig& config, FileSystem& files, int64_t ranks) {
  run::RunConfig at_base = config;
  run::begin_at_base_batch(at_base);
  at_base.train.microbatch = 0;
  const int64_t base = *at_base.train.batch_size;
  at_base.train.batch_size = ceil_div(base, ranks);
  run::Session session = run::build_session(std::move(at_base));
  const int64_t samples = session.plan().samples;
  const int64_t share = session.plan().batch_size;
  const int64_t largest = std::max(share, largest_batch(std::min(base, samples), samples) / ranks);
  const Found found = find_microbatch(session, largest, kBatch, files);
  const int64_t batch =
      found.microbatch <= share ? std::min(base, samples) : found.microbatch * ranks;
  log().info("{}: auto is {}{}", kBatch, batch,
             found.microbatch <= share ? ", that of the recipe: larger ones are no faster" : "");
  config.train.batch_size = batch;
  const bool is_whole = config.train.microbatch == 0;
  if (is_whole && ceil_div(batch, ranks) > found.largest_microbatch)
    config.train.microbatch = found.microbatch;
}

// What the first rank has found and put into its session becomes that of the others.
tuning::Line take_over(run::Session& session, const tuning::Line& memory) {
  if (session.group->is_alone()) return memory;
  run::RunConfig& config = session.config;
  const nlohmann::json found = parse_json(session.group->broadcast(
      json_text(nlohmann::json{{"checkpoint", static_cast<int>(config.memory.checkpoint)},
                               {"microbatch", config.train.microbatch.value_or(kNotFound)},
                               {"base_bytes", memory.base_bytes},
                               {"bytes_per_image", memory.bytes_per_image}})));
  if (!session.group->is_first()) {
    config.memory.checkpoint = static_cast<train::CheckpointMode>(found["checkpoint"].get<int>());
    session.model->set_recompute(run::recompute_rung(config.memory.checkpoint));
    session.memory = run::memory_parts(session);
    const int64_t microbatch = found["microbatch"];
    if (microbatch != kNotFound) run::use_microbatch(session, microbatch);
  }
  return {.base_bytes = found["base_bytes"], .bytes_per_image = found["bytes_per_image"]};
}

}  // namespace

void settle_batch(run::RunConfig& config, FileSystem& files, dist::Group& group) {
  if (config.train.batch_size) return;
  run::check_pipeline(config);  // which refuses it
  if (group.is_first()) find_batch(config, files, group.size());
  const nlohmann::json found = parse_json(group.broadcast(
      json_text(nlohmann::json{{"batch_size", config.train.batch_size.value_or(0)},
                               {"microbatch", config.train.microbatch.value_or(kNotFound)}})));
  config.train.batch_size = found["batch_size"].get<int64_t>();
  if (const int64_t microbatch = found["microbatch"]; microbatch != kNotFound)
    config.train.microbatch = microbatch;
}

std::optional<tuning::Line> settle(run::Session& session, FileSystem& files) {
  const bool finds_checkpoint = session.config.memory.checkpoint == train::CheckpointMode::kAuto;
  const bool finds_microbatch = !session.config.train.microbatch;
  if (!finds_checkpoint && !finds_microbatch) return std::nullopt;
  if (session.config.dist.shard != dist::Shard::kNone && !session.group->is_alone()) {
    throw ConfigError(
        "train.microbatch and memory.checkpoint: auto are found on one rank alone, which cannot "
        "update what dist.shard divides: write the numbers that `stoker tune` finds");
  }
  tuning::Line memory;
  if (session.group->is_first()) {
    if (finds_checkpoint) memory = settle_checkpoint(session);
    if (finds_microbatch) memory = settle_microbatch(session, files);
  }
  return take_over(session, memory);
}

}  // namespace stoker::autotune

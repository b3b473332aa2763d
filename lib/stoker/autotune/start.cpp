#include "stoker/autotune/start.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "stoker/autotune/microbatch.h"
#include "stoker/config/config.h"
#include "stoker/core/checked.h"
#include "stoker/core/cpu.h"
#include "stoker/core/log.h"
#include "stoker/core/text.h"
#include "stoker/machine/versions.h"
#include "stoker/ops/memory_meter.h"
#include "stoker/run/batch_rule.h"
#include "stoker/run/build.h"
#include "stoker/run/memory.h"
#include "stoker/tuning/tune_cache.h"

namespace stoker::autotune {

namespace {

constexpr double kBudgetS = 10;
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
  for (const char* option : {"precision", "channels_last", "loss", "clip_grad_norm"})
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
  const Found found = find_microbatch(session, 0, kMicrobatch, files);
  log().info("{}: auto is {}", kMicrobatch, found.microbatch);
  run::use_microbatch(session, found.microbatch);
  return found.memory;
}

int64_t largest_batch(int64_t base, int64_t samples) {
  constexpr int64_t kMostTimesBase = 16, kLeastStepsAnEpoch = 20;  // beyond, rates do not scale
  return std::clamp(samples / kLeastStepsAnEpoch, base,
                    checked_multiply("tune.base_batch_size", base, kMostTimesBase));
}

}  // namespace

void settle_batch(run::RunConfig& config, FileSystem& files) {
  if (config.train.batch_size) return;
  run::RunConfig at_base = config;
  run::begin_at_base_batch(at_base);
  at_base.train.microbatch = 0;
  run::Session session = run::build_session(std::move(at_base));
  const int64_t base = session.plan().batch_size;
  const Found found =
      find_microbatch(session, largest_batch(base, session.plan().samples), kBatch, files);
  const int64_t batch = std::max(base, found.microbatch);
  log().info("{}: auto is {}{}", kBatch, batch,
             batch == base ? ", that of the recipe: larger ones are no faster" : "");
  config.train.batch_size = batch;
  const bool is_whole = config.train.microbatch == 0;
  if (is_whole && batch > found.largest_microbatch) config.train.microbatch = found.microbatch;
}

std::optional<tuning::Line> settle(run::Session& session, FileSystem& files) {
  std::optional<tuning::Line> memory;
  if (session.config.memory.checkpoint == train::CheckpointMode::kAuto)
    memory = settle_checkpoint(session);
  if (!session.config.train.microbatch) memory = settle_microbatch(session, files);
  return memory;
}

}  // namespace stoker::autotune

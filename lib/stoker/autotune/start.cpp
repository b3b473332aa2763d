#include "stoker/autotune/start.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "stoker/autotune/microbatch.h"
#include "stoker/config/config.h"
#include "stoker/core/cpu.h"
#include "stoker/core/log.h"
#include "stoker/core/text.h"
#include "stoker/machine/versions.h"
#include "stoker/ops/memory_meter.h"
#include "stoker/run/build.h"
#include "stoker/run/memory.h"
#include "stoker/tuning/tune_cache.h"

namespace stoker::autotune {

namespace {

constexpr double kBudgetS = 10;

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
void settle_checkpoint(run::Session& session) {
  using train::CheckpointMode;
  const int64_t wished = session.plan().microbatch;
  const int64_t limit = ops::usable_bytes(session.device);
  const int64_t room = limit - tuning::margin_bytes(limit);
  for (const CheckpointMode mode :
       {CheckpointMode::kNone, CheckpointMode::kNorms, CheckpointMode::kBlocks}) {
    const models::Recompute rung = run::recompute_rung(mode);
    if (std::ranges::count(session.model->recompute_rungs(), rung) == 0) continue;
    session.config.memory.checkpoint = mode;
    session.model->set_recompute(rung);
    const int64_t need = fit_memory(session, wished, limit).line.at(wished);
    log().info("memory.checkpoint: auto: {} needs about {} for a micro-batch of {}, of {}",
               enum_names(mode)[static_cast<size_t>(mode)],
               human_bytes(static_cast<uint64_t>(need)), wished,
               human_bytes(static_cast<uint64_t>(room)));
    if (need <= room) break;
  }
  session.memory = run::memory_parts(session);
}

void settle_microbatch(run::Session& session, FileSystem& files) {
  const tuning::TuneKey key = key_of(session);
  tuning::TuneCache cache(files, session.config.run.dir);
  const tuning::TuneCache::Found before = cache.find(key);
  if (!before.stale.empty()) log().info("train.microbatch: auto is tuned again: {}", before.stale);
  if (before.value.is_object() && before.value.contains("microbatch")) {
    const auto microbatch = before.value["microbatch"].get<int64_t>();
    log().info("train.microbatch: auto is {}, as found before ({})", microbatch,
               cache.path_of(key).string());
    run::use_microbatch(session, microbatch);
    return;
  }
  log().info("train.microbatch: auto: looking for what fits and what is fastest");
  const MicrobatchTuning found = tune_microbatch(session, {.budget_s = kBudgetS});
  log().info("train.microbatch: auto is {}: {}", found.microbatch, found.reason);
  cache.keep(key, {{"microbatch", found.microbatch},
                   {"largest_microbatch", found.largest_microbatch},
                   {"images_per_s", found.images_per_s},
                   {"peak_bytes", found.memory.at(found.microbatch)}});
  run::use_microbatch(session, found.microbatch);
}

}  // namespace

void settle(run::Session& session, FileSystem& files) {
  if (session.config.memory.checkpoint == train::CheckpointMode::kAuto) settle_checkpoint(session);
  if (!session.config.train.microbatch) settle_microbatch(session, files);
}

}  // namespace stoker::autotune

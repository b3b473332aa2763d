// What a config says under `memory:`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "stoker/config/fields.h"

namespace stoker::train {

// What happens when a step does not fit. kFixed: the run ends. kShrink: the step is taken again
// with smaller micro-batches. kFollow: as kShrink, and they may grow again at the end of an epoch.
enum class MicrobatchMode { kFixed, kShrink, kFollow };
std::span<const std::string_view> enum_names(MicrobatchMode);  // fixed, shrink, follow

// Activation checkpointing: how much of a pass is computed again (models/model.h, Recompute). kAuto
// is made the least that lets the micro-batch fit, at the start of the run (autotune/start.h).
enum class CheckpointMode { kNone, kNorms, kBlocks, kAuto };
std::span<const std::string_view> enum_names(CheckpointMode);  // none, norms, blocks, auto

struct MemoryOptions {
  std::optional<double> limit_gib;
  MicrobatchMode microbatch = MicrobatchMode::kShrink;
  bool expandable_segments = false;
  CheckpointMode checkpoint = CheckpointMode::kNone;

  std::optional<int64_t> limit_bytes() const;
};
void describe(MemoryOptions& options, config::Fields& fields);

}  // namespace stoker::train

// What a config says under `memory:`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "stoker/config/fields.h"
#include "stoker/models/model.h"

namespace stoker::train {

// What happens when a step does not fit. kFixed: the run ends. kShrink: the step is taken again
// with smaller micro-batches. kFollow: as kShrink, and they may grow again at the end of an epoch.
enum class MicrobatchMode { kFixed, kShrink, kFollow };
std::span<const std::string_view> enum_names(MicrobatchMode);  // fixed, shrink, follow

struct MemoryOptions {
  std::optional<double> limit_gib;
  MicrobatchMode microbatch = MicrobatchMode::kShrink;
  bool expandable_segments = false;
  models::Recompute checkpoint = models::Recompute::kNone;

  std::optional<int64_t> limit_bytes() const;
};
void describe(MemoryOptions& options, config::Fields& fields);

}  // namespace stoker::train

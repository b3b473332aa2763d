#include "stoker/train/memory_options.h"

#include <array>
#include <cmath>

namespace stoker::train {

std::span<const std::string_view> enum_names(MicrobatchMode) {
  static constexpr std::array<std::string_view, 3> names{"fixed", "shrink", "follow"};
  return names;
}

std::span<const std::string_view> enum_names(CheckpointMode) {
  static constexpr std::array<std::string_view, 4> names{"none", "norms", "blocks", "auto"};
  return names;
}

std::optional<int64_t> MemoryOptions::limit_bytes() const {
  if (!limit_gib) return std::nullopt;
  return std::llround(*limit_gib * 1024 * 1024 * 1024);
}

void describe(MemoryOptions& o, config::Fields& fields) {
  fields(
      "limit_gib", o.limit_gib,
      "most memory that tensors on the run's device may hold; what needs more fails as on a full "
      "GPU; none: what the device has")
      .above(0)
      .at_most(1 << 20)
      .unset_as("none");
  fields("microbatch", o.microbatch,
         "a step that does not fit: fixed ends the run; shrink takes it again with smaller "
         "micro-batches; follow also lets them grow again at the end of an epoch");
  fields("expandable_segments", o.expandable_segments,
         "let CUDA's allocator grow its segments in place of making new ones: less memory is lost "
         "to gaps where sizes vary");
  fields("checkpoint", o.checkpoint,
         "what the backward pass computes again in place of keeping it, to the same bits: none; "
         "norms: normalisations and activations, nearly free; blocks: all within each block "
         "beside that, for up to a third more computation; auto: the least of these with which the "
         "micro-batch fits, found at the start of the run");
}

}  // namespace stoker::train

// Which pieces of a network the stages of a pipeline have.
//
//   const Split split = balanced_split(segment_costs(model, context), 3);
//   split.first;   // {0, 7, 12}: the first piece of each stage
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "stoker/models/model.h"
#include "stoker/weights/named_tensors.h"

namespace stoker::parallel {

struct Split {
  std::vector<size_t> first;  // of the network's segments, for each stage

  int64_t stages() const { return std::ssize(first); }
  // One past the last of a stage, of so many segments.
  size_t end(size_t stage, size_t segments) const {
    return stage + 1 < first.size() ? first[stage + 1] : segments;
  }
};

struct SegmentCost {
  double seconds = 0;   // of a forward and a backward pass
  bool learns = false;  // has a parameter that does
};

// Measured on two blank images, each piece for itself. Leaves the network as it was, and no
// gradients.
std::vector<SegmentCost> segment_costs(models::Model& model, const models::ModelContext& context);

// The split whose slowest stage is the fastest, with something that learns in each stage. Throws
// ConfigError where there is too little that does.
Split balanced_split(std::span<const SegmentCost> costs, int64_t stages);

// By the beginnings of names. Throws ConfigError where they are not one a stage but the first, not
// names of segments, or not in their order.
Split named_split(const std::vector<models::Segment>& segments,
                  const std::vector<std::string>& names, int64_t stages);

// Which of `names` belong to a segment; each belongs to one. "blocks.3." stands for all that begin
// so.
bool is_of(const models::Segment& segment, const std::string& name);

}  // namespace stoker::parallel

// Which pipeline the samples of an epoch go through: mostly one for the whole run.
//
//   PipelineSchedule schedule(std::make_shared<Pipeline>(steps));
//   schedule.at(epoch).recipe(key, width, height);
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "stoker/augment/pipeline.h"

namespace stoker::augment {

class PipelineSchedule {
 public:
  struct Phase {
    uint32_t first_epoch = 0;
    std::shared_ptr<const Pipeline> pipeline;
  };

  PipelineSchedule() = default;
  // The same pipeline for all epochs; what most callers have.
  template <typename P>
  requires std::convertible_to<std::shared_ptr<P>, std::shared_ptr<const Pipeline>>
  // NOLINTNEXTLINE(google-explicit-constructor)
  PipelineSchedule(std::shared_ptr<P> always) : phases_{{0, std::move(always)}} {}
  // In order of their first epochs, the first of which is 0. Their outputs are normalised alike.
  explicit PipelineSchedule(std::vector<Phase> phases) : phases_(std::move(phases)) {}

  const Pipeline& at(uint32_t epoch) const {
    auto phase = phases_.rbegin();
    while (phase->first_epoch > epoch) ++phase;
    return *phase->pipeline;
  }
  // Of the end of training, which is what evaluation compares with.
  const Pipeline& last() const { return *phases_.back().pipeline; }
  const kernels::Normalization& normalization() const { return last().normalization(); }
  const std::vector<Phase>& phases() const { return phases_; }

 private:
  std::vector<Phase> phases_;
};

}  // namespace stoker::augment

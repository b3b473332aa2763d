// Training that begins on small images, which cost less, and ends on whole ones (Howard, DAWNBench
// 2018; Tan and Le, "EfficientNetV2", ICML 2021). The options are those of MosaicML's Composer.
//
//   PipelineSchedule schedule = resized_pipelines(steps, options, /*epochs=*/16);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "stoker/augment/pipeline_schedule.h"
#include "stoker/config/choice.h"

namespace stoker::augment {

struct ProgressiveResizingOptions {
  double initial_scale = 1;  // 1: whole images all the time
  double delay_fraction = 0.5;
  double finetune_fraction = 0.2;
  int64_t size_increment = 4;
};
void describe(ProgressiveResizingOptions& options, config::Fields& fields);

// Of the sides, at a share of the training in [0, 1): initial_scale for delay_fraction of it, 1 for
// finetune_fraction at its end, a straight line between.
double size_scale(const ProgressiveResizingOptions& options, double progress);

// The steps with every size that they name times `scale`, to the nearest multiple of `increment`,
// at least one and at most what it was; as they are at a scale of 1.
std::vector<config::Choice> scaled_steps(std::span<const config::Choice> steps, double scale,
                                         int64_t increment);

// One phase for each size; an epoch has one size, that of its beginning. Throws ConfigError as
// Pipeline does, and where no step names a size although initial_scale is not 1.
PipelineSchedule resized_pipelines(std::span<const config::Choice> steps,
                                   const ProgressiveResizingOptions& options, double epochs);

}  // namespace stoker::augment

#include "stoker/augment/progressive_resizing.h"

#include <algorithm>
#include <cmath>

#include "stoker/augment/step.h"
#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

std::vector<int64_t> all_sides(std::span<const config::Choice> steps) {
  std::vector<int64_t> all;
  for (const config::Choice& step : steps) {
    if (const std::vector<int64_t>* sides = sides_of(step))
      all.insert(all.end(), sides->begin(), sides->end());
  }
  return all;
}

int64_t scaled(int64_t side, double scale, int64_t increment) {
  if (scale == 1) return side;  // whatever it is a multiple of
  const auto multiples =
      std::llround(static_cast<double>(side) * scale / static_cast<double>(increment));
  return std::min(side, std::max<int64_t>(multiples, 1) * increment);
}

}  // namespace

void describe(ProgressiveResizingOptions& o, config::Fields& fields) {
  fields("initial_scale", o.initial_scale,
         "size of the first epochs' images over that of the last ones'; 1: no resizing")
      .above(0)
      .at_most(1);
  fields("delay_fraction", o.delay_fraction, "share of training at the initial size").in(0, 1);
  fields("finetune_fraction", o.finetune_fraction,
         "share of training, at its end, at the full size")
      .in(0, 1);
  fields("size_increment", o.size_increment, "sides are multiples of this").at_least(1);
}

double size_scale(const ProgressiveResizingOptions& o, double progress) {
  const double grown_at = 1 - o.finetune_fraction;
  if (progress >= grown_at) return 1;
  if (progress < o.delay_fraction) return o.initial_scale;
  const double share = (progress - o.delay_fraction) / (grown_at - o.delay_fraction);
  return o.initial_scale + (1 - o.initial_scale) * share;
}

std::vector<config::Choice> scaled_steps(std::span<const config::Choice> steps, double scale,
                                         int64_t increment) {
  std::vector<config::Choice> result(steps.begin(), steps.end());
  for (config::Choice& step : result) {
    if (std::vector<int64_t>* sides = sides_of(step)) {
      for (int64_t& side : *sides) side = scaled(side, scale, increment);
    }
  }
  return result;
}

PipelineSchedule resized_pipelines(std::span<const config::Choice> steps,
                                   const ProgressiveResizingOptions& options, double epochs) {
  if (options.initial_scale == 1) return std::make_shared<Pipeline>(steps);
  if (all_sides(steps).empty())
    throw ConfigError(
        "progressive_resizing: no step of `augment` names a size; list random_resized_crop or "
        "resize, or leave progressive_resizing out.");
  if (options.delay_fraction + options.finetune_fraction > 1)
    throw ConfigError(fmt::format(
        "progressive_resizing: delay_fraction {} and finetune_fraction {} come to more than 1.",
        options.delay_fraction, options.finetune_fraction));
  std::vector<PipelineSchedule::Phase> phases;
  std::vector<int64_t> sides_before;
  const double length = std::max(epochs, 1.0);
  for (uint32_t epoch = 0; epoch < length; ++epoch) {
    std::vector<config::Choice> resized =
        scaled_steps(steps, size_scale(options, epoch / length), options.size_increment);
    std::vector<int64_t> sides = all_sides(resized);
    if (sides == sides_before) continue;
    sides_before = std::move(sides);
    phases.push_back({epoch, std::make_shared<Pipeline>(resized)});
  }
  return PipelineSchedule(std::move(phases));
}

}  // namespace stoker::augment

#include "stoker/augment/pipeline.h"

#include "stoker/augment/normalize.h"
#include "stoker/core/error.h"

namespace stoker::augment {

Pipeline::Pipeline(std::span<const config::Choice> steps) {
  for (const config::Choice& choice : steps) {
    if (choice.name() == "normalize") {
      if (plan_.normalized)
        throw ConfigError("augment: normalize is listed twice; keep one, at the end of the list.");
      plan_.normalized = true;
      normalization_ = normalization_of(choice.as<NormalizeOptions>());
      continue;
    }
    std::unique_ptr<GeometricStep> step = augmentations().build(choice);
    step->look_ahead(plan_);
    steps_.push_back(std::move(step));
  }
}

Canvas Pipeline::run(StreamKey key, int32_t width, int32_t height) const {
  RandomStream random(key, Purpose::kAugment);
  Canvas canvas = canvas_of(width, height);
  for (const auto& step : steps_) step->apply(canvas, random, key);
  return canvas;
}

kernels::Geometry Pipeline::draw(StreamKey key, int32_t width, int32_t height) const {
  return run(key, width, height).geometry;
}

Size Pipeline::output_size(int32_t source_width, int32_t source_height) const {
  if (plan_.size) return *plan_.size;
  const Canvas canvas = run({}, source_width, source_height);
  return {canvas.width, canvas.height};
}

}  // namespace stoker::augment

// The list under `augment:` in a config, made into the parameters of one fused pass per sample.
//
// Geometric steps compose by arithmetic instead of by passes over pixels: whatever their number,
// each image is resampled once. Steps that change pixels become operations of a program on the
// result. Every draw is a function of (seed, epoch, sample) alone. No torch.
//
//   Pipeline pipeline(options.augment);
//   Recipe recipe = pipeline.recipe({seed, epoch, sample}, width, height);
//   kernels::augment(image, recipe.geometry, recipe.program, pipeline.normalization(), output,
//   slot);
//
// Immutable after construction; safe to share between threads.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "stoker/augment/step.h"
#include "stoker/augment/views.h"
#include "stoker/config/choice.h"
#include "stoker/core/random.h"
#include "stoker/kernels/image.h"

namespace stoker::augment {

// The steps a config can list; docs/augment.md describes them.
const StepTable& augmentations();

// What is done to one sample.
struct Recipe {
  kernels::Geometry geometry;
  kernels::Program program;
};

class Pipeline {
 public:
  using Size = augment::Size;

  // steps: as read from the config. Throws ConfigError for orders that one pass cannot do (a
  // resize after padding, a crop after a change of colour), for more than one normalize, and for
  // more operations than a program holds. views: what the repetitions of a sample show, for lists
  // without randomness; five crops need a center_crop as the last step that moves pixels.
  explicit Pipeline(std::span<const config::Choice> steps, const ViewOptions& views = {});

  // The geometry of one sample whose source is width x height. Throws DataError for a source that
  // is too small for a crop.
  kernels::Geometry draw(StreamKey key, int32_t width, int32_t height) const;
  // The same geometry, and the operations that follow it.
  Recipe recipe(StreamKey key, int32_t width, int32_t height) const;
  // Whether any sample's program may hold something.
  bool has_program() const { return !image_steps_.empty(); }
  // Size of the output for a source of this size; all samples of a batch must agree.
  Size output_size(int32_t source_width, int32_t source_height) const;
  // The size of every output whatever the source, where the steps fix one.
  std::optional<Size> fixed_size() const { return plan_.size; }
  const kernels::Normalization& normalization() const { return normalization_; }

 private:
  Canvas run(StreamKey key, RandomStream& random, int32_t width, int32_t height) const;

  std::vector<std::unique_ptr<GeometricStep>> steps_;
  std::vector<std::unique_ptr<ImageStep>> image_steps_;
  ViewOptions views_;
  Plan plan_;
  kernels::Normalization normalization_;
};

}  // namespace stoker::augment

// The list under `augment:` in a config, made into the parameters of one fused pass per sample.
//
// Geometric steps compose by arithmetic instead of by passes over pixels: whatever their number,
// each image is resampled once. Every draw is a function of (seed, epoch, sample) alone. No torch.
//
//   Pipeline pipeline(options, {.channels = 3});
//   kernels::Geometry g = pipeline.draw({seed, epoch, sample}, width, height);
//   kernels::augment(image, g, pipeline.normalization(), output, slot);
//
// Immutable after construction; safe to share between threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "stoker/config/choice.h"
#include "stoker/core/random.h"
#include "stoker/kernels/image.h"

namespace stoker::augment {

// Rows: pad_crop, random_resized_crop, resize, center_crop, flip, normalize.
const config::Alternatives& augmentations();

// An image on its way through the geometric steps: its size so far and the map back to the source.
struct Canvas {
  int32_t width = 0;   // of the image as the next step sees it
  int32_t height = 0;
  kernels::Geometry geometry;
};

// One step of the list that moves pixels.
class GeometricStep {
 public:
  virtual ~GeometricStep() = default;
  virtual void apply(Canvas& canvas, RandomStream& random, StreamKey key) const = 0;
};

class Pipeline {
 public:
  // steps: as read from the config. Throws ConfigError for orders that one pass cannot do (a
  // resize after padding) and for more than one normalize.
  explicit Pipeline(std::span<const config::Choice> steps);

  // The geometry of one sample whose source is width x height.
  kernels::Geometry draw(StreamKey key, int32_t width, int32_t height) const;
  // Size of the output for a source of this size; all samples of a batch must agree.
  struct Size {
    int32_t width = 0, height = 0;
    bool operator==(const Size&) const = default;
  };
  Size output_size(int32_t source_width, int32_t source_height) const;
  const kernels::Normalization& normalization() const { return normalization_; }

 private:
  Canvas run(StreamKey key, int32_t width, int32_t height) const;

  std::vector<std::unique_ptr<GeometricStep>> steps_;
  kernels::Normalization normalization_;
};

}  // namespace stoker::augment

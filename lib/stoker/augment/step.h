// What a step of the `augment:` list is: a look ahead before any image, and a move of the canvas.
#pragma once

#include <memory>
#include <optional>

#include "stoker/augment/canvas.h"
#include "stoker/config/choice.h"
#include "stoker/core/random.h"

namespace stoker::augment {

// What is known of every image at some place in the list, before one is seen.
struct Plan {
  std::optional<Size> size;  // the same for all images
  int32_t least_side = 1;    // no side is smaller
  bool resampled = false;
  bool cropped = false;  // shows only a part of what was there; `size` is known then
  bool padded = false;   // may show a border; `size` is known then
  bool normalized = false;
};

// One step of the list that moves pixels. Immutable.
class GeometricStep {
 public:
  virtual ~GeometricStep() = default;
  // Updates the plan. Throws ConfigError where one pass cannot do this step after those before.
  virtual void look_ahead(Plan& plan) const = 0;
  // Throws DataError where the image is too small.
  virtual void apply(Canvas& canvas, RandomStream& random, StreamKey key) const = 0;
};

// A row without pixels to move builds nothing.
using StepTable = config::Table<std::unique_ptr<GeometricStep>()>;

// `size: 224` and `size: [192, 256]`, height first. Throws ConfigError naming `step` for other
// lengths and for sides outside [1, 65536].
Size square_or_height_width(const std::vector<int64_t>& size, std::string_view step);

}  // namespace stoker::augment

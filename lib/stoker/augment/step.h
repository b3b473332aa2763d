// What a step of the `augment:` list is: a move of the canvas, with a look ahead before any image,
// or operations on the image that the canvas shows.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "stoker/augment/canvas.h"
#include "stoker/config/choice.h"
#include "stoker/core/random.h"
#include "stoker/kernels/program.h"

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

// One step of the list that changes pixels in place, at their final size. Immutable.
class ImageStep {
 public:
  virtual ~ImageStep() = default;
  // How many operations append() adds at most.
  virtual int most_ops() const = 0;
  // Adds what is drawn for one image of this size, which may be nothing.
  virtual void append(Size size, RandomStream& random, kernels::Program& program) const = 0;
};

// A row that does neither builds nothing.
using Step =
    std::variant<std::monostate, std::unique_ptr<GeometricStep>, std::unique_ptr<ImageStep>>;
using StepTable = config::Table<Step()>;

// The option `size` of steps that set one.
void describe_size(std::vector<int64_t>& size, std::string_view help, config::Fields& fields);
// `size: 224` and `size: [192, 256]`, height first. Throws ConfigError naming `step` for other
// lengths and for sides outside [1, 65536].
Size square_or_height_width(const std::vector<int64_t>& size, std::string_view step);

// What a step of the config sets as the images' size, in the form that square_or_height_width
// takes; null for one that sets none.
const std::vector<int64_t>* sides_of(const config::Choice& step);
std::vector<int64_t>* sides_of(config::Choice& step);

}  // namespace stoker::augment

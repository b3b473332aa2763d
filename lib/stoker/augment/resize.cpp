#include "stoker/augment/resize.h"

#include <algorithm>

#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

constexpr int64_t kMaxSide = 1 << 24;  // floats count pixels up to here

class Resize : public GeometricStep {
 public:
  explicit Resize(const ResizeOptions& options)
      : size_(square_or_height_width(options.size, "resize")),
        keeps_aspect_(options.size.size() == 1) {}

  void look_ahead(Plan& plan) const override {
    check_not_padded(plan, "resize");
    plan.least_side = std::min(size_.width, size_.height);
    if (plan.size) {
      plan.size = size_for(*plan.size);
    } else if (!keeps_aspect_) {
      plan.size = size_;
    }
    plan.resampled = true;
    plan.cropped = false;  // the new grid is all there is
  }

  void apply(Canvas& canvas, RandomStream&, StreamKey) const override {
    const Size size = size_for({canvas.width, canvas.height});
    resample(canvas, {0, 0, canvas.width, canvas.height}, size);
  }

 private:
  // A single number is the short side; the long one follows, rounded down as torchvision does.
  Size size_for(Size image) const {
    if (!keeps_aspect_) return size_;
    const int64_t short_side = std::min(image.width, image.height);
    const int64_t long_side = std::max(image.width, image.height);
    const int64_t stretched = size_.width * long_side / short_side;
    if (stretched > kMaxSide)
      throw DataError(fmt::format(
          "the image of {}x{} pixels is too elongated: resized to a short side of {} its long one "
          "would be {} pixels",
          image.width, image.height, size_.width, stretched));
    const auto other = static_cast<int32_t>(stretched);
    return image.width <= image.height ? Size{size_.width, other} : Size{other, size_.width};
  }

  Size size_;
  bool keeps_aspect_;
};

}  // namespace

void describe(ResizeOptions& o, config::Fields& fields) {
  describe_size(o.size, "short side of the output, the other in proportion, or [height, width]",
                fields);
}

std::unique_ptr<GeometricStep> build_resize(const ResizeOptions& options) {
  return std::make_unique<Resize>(options);
}

void check_not_padded(const Plan& plan, std::string_view step) {
  if (plan.padded)
    throw ConfigError(fmt::format(
        "augment: {} comes after a step that pads, and what was padded cannot be resized in one "
        "pass; put {} first.",
        step, step));
}

}  // namespace stoker::augment

#include "stoker/augment/random_resized_crop.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "stoker/augment/resize.h"
#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

struct Range {
  double low = 0, high = 0;
  double at(double u) const { return low + (high - low) * u; }
};

Range range_of(const std::vector<double>& values, std::string_view name, double limit) {
  const bool good =
      values.size() == 2 && 0 < values[0] && values[0] <= values[1] && values[1] <= limit;
  if (!good)
    throw ConfigError(fmt::format(
        "augment: random_resized_crop: {} is [{}], expected two numbers above 0{}, the smaller "
        "first.",
        name, fmt::join(values, ", "), limit == 1 ? " and at most 1" : ""));
  return {values[0], values[1]};
}

// Choices and their order as in torchvision's RandomResizedCrop.get_params.
class RandomResizedCrop : public GeometricStep {
 public:
  explicit RandomResizedCrop(const RandomResizedCropOptions& options)
      : size_(square_or_height_width(options.size, "random_resized_crop")),
        scale_(range_of(options.scale, "scale", 1)),
        ratio_(range_of(options.ratio, "ratio", 1000)) {}

  void look_ahead(Plan& plan) const override {
    check_not_padded(plan, "random_resized_crop");
    plan.size = size_;
    plan.least_side = std::min(size_.width, size_.height);
    plan.resampled = true;
    plan.cropped = false;
  }

  void apply(Canvas& canvas, RandomStream& random, StreamKey) const override {
    resample(canvas, pick({canvas.width, canvas.height}, random), size_);
  }

 private:
  Rectangle pick(Size image, RandomStream& random) const {
    constexpr int kAttempts = 10;
    const double area = static_cast<double>(image.width) * image.height;
    const Range log_ratio{std::log(ratio_.low), std::log(ratio_.high)};
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const double target = area * scale_.at(random.uniform());
      const double ratio = std::exp(log_ratio.at(random.uniform()));
      const double width = std::nearbyint(std::sqrt(target * ratio));
      const double height = std::nearbyint(std::sqrt(target / ratio));
      if (width < 1 || height < 1 || width > image.width || height > image.height) continue;
      const auto w = static_cast<int32_t>(width), h = static_cast<int32_t>(height);
      const auto y =
          static_cast<int32_t>(random.below(static_cast<uint32_t>(image.height - h + 1)));
      const auto x = static_cast<int32_t>(random.below(static_cast<uint32_t>(image.width - w + 1)));
      return {x, y, w, h};
    }
    return central(image);
  }

  // The largest centred box whose ratio is allowed.
  Rectangle central(Size image) const {
    const double ratio = static_cast<double>(image.width) / image.height;
    int32_t w = image.width, h = image.height;
    if (ratio < ratio_.low) h = static_cast<int32_t>(std::nearbyint(w / ratio_.low));
    if (ratio > ratio_.high) w = static_cast<int32_t>(std::nearbyint(h * ratio_.high));
    w = std::clamp(w, 1, image.width);
    h = std::clamp(h, 1, image.height);
    return {(image.width - w) / 2, (image.height - h) / 2, w, h};
  }

  Size size_;
  Range scale_;
  Range ratio_;
};

}  // namespace

void describe(RandomResizedCropOptions& o, config::Fields& fields) {
  describe_size(o.size, "side of the output, or [height, width]", fields);
  fields("scale", o.scale, "smallest and largest share of the image's area").above(0).at_most(1);
  fields("ratio", o.ratio, "smallest and largest ratio of width to height").above(0).at_most(1000);
}

std::unique_ptr<GeometricStep> build_random_resized_crop(const RandomResizedCropOptions& options) {
  return std::make_unique<RandomResizedCrop>(options);
}

}  // namespace stoker::augment

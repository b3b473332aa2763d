#include "stoker/augment/center_crop.h"

#include <algorithm>

#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

// Where the crop begins: torchvision rounds half a pixel to even when it cuts, and down when it
// pads (torchvision/transforms/functional.py, center_crop).
int32_t begin_of(int32_t image, int32_t crop) {
  if (crop > image) return -((crop - image) / 2);
  const int32_t room = image - crop;
  const int32_t half = room / 2;
  return room % 2 == 0 ? half : half + half % 2;
}

// The same along one axis for any place: an image smaller than the crop is padded on both sides.
int32_t begin_of(int32_t image, int32_t crop, bool at_start, bool at_end) {
  if (crop < image && at_start) return 0;
  if (crop < image && at_end) return image - crop;
  return begin_of(image, crop);
}

class CenterCrop : public GeometricStep {
 public:
  CenterCrop(const CenterCropOptions& options, const ViewOptions& views)
      : size_(square_or_height_width(options.size, "center_crop")), views_(views) {}

  void look_ahead(Plan& plan) const override {
    const Size least = plan.size.value_or(Size{plan.least_side, plan.least_side});
    const bool may_pad = size_.width > least.width || size_.height > least.height;
    if (may_pad && (plan.padded || (plan.resampled && plan.cropped)))
      throw ConfigError(fmt::format(
          "augment: center_crop to {}x{} comes after a crop to {}x{}, which one pass cannot pad; "
          "make the earlier crop as large.",
          size_.width, size_.height, least.width, least.height));
    const bool must_pad = may_pad && plan.size;
    plan.padded = plan.padded || must_pad;
    plan.cropped = true;
    plan.size = size_;
    plan.least_side = std::min(size_.width, size_.height);
  }

  void apply(Canvas& canvas, RandomStream&, StreamKey key) const override {
    if (size_.width > canvas.width || size_.height > canvas.height) {
      settle(canvas);
      canvas.geometry.border = kernels::Border::kZero;
    }
    using enum CropPlace;
    const CropPlace place = view_of(views_, key.repetition).place;
    const bool left = place == kTopLeft || place == kBottomLeft;
    const bool right = place == kTopRight || place == kBottomRight;
    const bool top = place == kTopLeft || place == kTopRight;
    const bool bottom = place == kBottomLeft || place == kBottomRight;
    crop(canvas, {begin_of(canvas.width, size_.width, left, right),
                  begin_of(canvas.height, size_.height, top, bottom), size_.width, size_.height});
  }

 private:
  Size size_;
  ViewOptions views_;
};

}  // namespace

void describe(CenterCropOptions& o, config::Fields& fields) {
  describe_size(o.size,
                "side of the output, or [height, width]; smaller images are padded with black",
                fields);
}

std::unique_ptr<GeometricStep> build_center_crop(const CenterCropOptions& options,
                                                 const ViewOptions& views) {
  return std::make_unique<CenterCrop>(options, views);
}

}  // namespace stoker::augment

#include "stoker/augment/pad_crop.h"

#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

constexpr int64_t kMaxPad = 65536;

kernels::Border border_of(PadMode mode) {
  switch (mode) {
    case PadMode::kZero:
      return kernels::Border::kZero;
    case PadMode::kEdge:
      return kernels::Border::kEdge;
    case PadMode::kReflect:
      break;
  }
  return kernels::Border::kReflect;
}

class PadCrop : public GeometricStep {
 public:
  explicit PadCrop(const PadCropOptions& options)
      : size_(square_or_height_width(options.size, "pad_crop")),
        pad_(static_cast<int32_t>(options.pad)),
        border_(border_of(options.mode)) {
    if (options.pad < 0 || options.pad > kMaxPad)
      throw ConfigError(
          fmt::format("augment: pad_crop: pad is {}, expected 0 to {}.", options.pad, kMaxPad));
  }

  void look_ahead(Plan& plan) const override {
    if (pad_ > 0) {
      if (plan.padded)
        throw ConfigError(
            "augment: pad_crop comes after another step that pads; one pass pads once: join them.");
      if (plan.resampled && plan.cropped)
        throw ConfigError(
            "augment: pad_crop comes after a crop of a resized image, which one pass cannot pad; "
            "resize to the crop's size instead.");
      if (plan.normalized && border_ == kernels::Border::kZero)
        throw ConfigError(
            "augment: pad_crop with mode zero comes after normalize, but one pass pads with black "
            "before it normalizes; put normalize last.");
    }
    plan.padded = plan.padded || pad_ > 0;
    plan.cropped = true;
    plan.size = size_;
    plan.least_side = std::min(size_.width, size_.height);
  }

  void apply(Canvas& canvas, RandomStream& random, StreamKey) const override {
    const int32_t room_x = canvas.width + 2 * pad_ - size_.width;
    const int32_t room_y = canvas.height + 2 * pad_ - size_.height;
    if (room_x < 0 || room_y < 0)
      throw DataError(
          fmt::format("the image has {}x{} pixels where pad_crop needs at least {}x{} (size {}x{} "
                      "less a pad of "
                      "{} on each side); put a resize before it or pad more",
                      canvas.width, canvas.height, size_.width - 2 * pad_, size_.height - 2 * pad_,
                      size_.width, size_.height, pad_));
    if (pad_ > 0) {
      settle(canvas);
      canvas.geometry.border = border_;
    }
    const auto x = static_cast<int32_t>(random.below(static_cast<uint32_t>(room_x) + 1));
    const auto y = static_cast<int32_t>(random.below(static_cast<uint32_t>(room_y) + 1));
    crop(canvas, {x - pad_, y - pad_, size_.width, size_.height});
  }

 private:
  Size size_;
  int32_t pad_;
  kernels::Border border_;
};

}  // namespace

std::span<const std::string_view> enum_names(PadMode) {
  static constexpr std::string_view kNames[] = {"reflect", "zero", "edge"};
  return kNames;
}

void describe(PadCropOptions& o, config::Fields& fields) {
  describe_size(o.size, "side of the output, or [height, width]", fields);
  fields("pad", o.pad, "pixels added on each side before the crop").in(0, kMaxPad);
  fields("mode", o.mode, "what the added pixels show");
}

std::unique_ptr<GeometricStep> build_pad_crop(const PadCropOptions& options) {
  return std::make_unique<PadCrop>(options);
}

}  // namespace stoker::augment

// Every step that a config can list. A new one is a row here, and its own files.
#include <fmt/ranges.h>

#include "stoker/augment/center_crop.h"
#include "stoker/augment/flip.h"
#include "stoker/augment/normalize.h"
#include "stoker/augment/pad_crop.h"
#include "stoker/augment/pipeline.h"
#include "stoker/augment/random_resized_crop.h"
#include "stoker/augment/resize.h"
#include "stoker/augment/rows.h"
#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

constexpr int64_t kMaxSide = 65536;

// One list for the steps of a config that may be changed and for those that may not.
template <class Choice>
auto sides_in(Choice& step) -> decltype(&step.template as<ResizeOptions>().size) {
  if (step.name() == "pad_crop") return &step.template as<PadCropOptions>().size;
  if (step.name() == "random_resized_crop")
    return &step.template as<RandomResizedCropOptions>().size;
  if (step.name() == "resize") return &step.template as<ResizeOptions>().size;
  if (step.name() == "center_crop") return &step.template as<CenterCropOptions>().size;
  return nullptr;
}

}  // namespace

const StepTable& augmentations() {
  static const StepTable table{
      StepTable::row<PadCropOptions>("pad_crop", "pad every side, then take a random window",
                                     build_pad_crop),
      StepTable::row<RandomResizedCropOptions>(
          "random_resized_crop", "a box of random area and aspect ratio, stretched to one size",
          build_random_resized_crop),
      StepTable::row<ResizeOptions>("resize", "the whole image to another size", build_resize),
      StepTable::row<CenterCropOptions>(
          "center_crop", "the middle of the image",
          [](const CenterCropOptions& options) -> Step { return build_center_crop(options); }),
      StepTable::row<FlipOptions>("flip", "mirror left and right, or top and bottom", build_flip),
      color_jitter_row(),
      random_grayscale_row(),
      random_posterize_row(),
      random_solarize_row(),
      random_autocontrast_row(),
      random_equalize_row(),
      random_invert_row(),
      random_sharpness_row(),
      gaussian_blur_row(),
      gaussian_noise_row(),
      salt_and_pepper_row(),
      random_affine_row(),
      random_perspective_row(),
      rand_augment_row(),
      trivial_augment_wide_row(),
      auto_augment_row(),
      random_erasing_row(),
      StepTable::row<NormalizeOptions>("normalize",
                                       "subtract the mean, divide by the standard deviation",
                                       [](const NormalizeOptions&) { return Step(); }),
  };
  return table;
}

void describe_size(std::vector<int64_t>& size, std::string_view help, config::Fields& fields) {
  fields("size", size, help).at_least(1).at_most(kMaxSide).required();
}

Size square_or_height_width(const std::vector<int64_t>& size, std::string_view step) {
  bool good = size.size() == 1 || size.size() == 2;
  for (int64_t side : size) good = good && side >= 1 && side <= kMaxSide;
  if (!good)
    throw ConfigError(fmt::format(
        "augment: {}: size is [{}], expected one side or [height, width], each from 1 to {}.", step,
        fmt::join(size, ", "), kMaxSide));
  const auto height = static_cast<int32_t>(size.front());
  const auto width = static_cast<int32_t>(size.back());
  return {width, height};
}

const std::vector<int64_t>* sides_of(const config::Choice& step) { return sides_in(step); }
std::vector<int64_t>* sides_of(config::Choice& step) { return sides_in(step); }

}  // namespace stoker::augment

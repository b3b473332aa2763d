#include "stoker/augment/evaluation.h"

#include <algorithm>
#include <cmath>

#include "stoker/augment/center_crop.h"
#include "stoker/augment/pad_crop.h"
#include "stoker/augment/pipeline.h"
#include "stoker/augment/random_resized_crop.h"
#include "stoker/augment/resize.h"

namespace stoker::augment {

namespace {

constexpr double kCroppedShare = 0.875;

config::Choice center_crop(const std::vector<int64_t>& size) {
  config::Choice crop = augmentations().pick("center_crop");
  crop.as<CenterCropOptions>().size = size;
  return crop;
}

// Short side of the resized image from which `size` is cropped.
config::Choice resize_around(const std::vector<int64_t>& size) {
  const auto longest = static_cast<double>(*std::ranges::max_element(size));
  config::Choice resize = augmentations().pick("resize");
  resize.as<ResizeOptions>().size = {std::llround(longest / kCroppedShare)};
  return resize;
}

}  // namespace

std::vector<config::Choice> evaluation_steps(std::span<const config::Choice> training_steps) {
  std::vector<config::Choice> steps;
  for (const config::Choice& step : training_steps) {
    if (step.name() == "pad_crop") {
      steps.push_back(center_crop(step.as<PadCropOptions>().size));
    } else if (step.name() == "random_resized_crop") {
      const std::vector<int64_t>& size = step.as<RandomResizedCropOptions>().size;
      if (!size.empty()) steps.push_back(resize_around(size));
      steps.push_back(center_crop(size));
    } else if (step.name() == "resize" || step.name() == "center_crop" ||
               step.name() == "normalize") {
      steps.push_back(step);
    }
  }
  return steps;
}

}  // namespace stoker::augment

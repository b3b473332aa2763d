// Lists of steps as a config would give them.
#pragma once

#include <vector>

#include "stoker/augment/center_crop.h"
#include "stoker/augment/flip.h"
#include "stoker/augment/normalize.h"
#include "stoker/augment/pad_crop.h"
#include "stoker/augment/pipeline.h"
#include "stoker/augment/random_resized_crop.h"
#include "stoker/augment/resize.h"

namespace stoker::test {

template <class Options>
config::Choice step(std::string_view name, Options options) {
  config::Choice choice = augment::augmentations().pick(name);
  choice.as<Options>() = std::move(options);
  return choice;
}

inline config::Choice pad_crop(std::vector<int64_t> size, int64_t pad,
                               augment::PadMode mode = augment::PadMode::kReflect) {
  return step("pad_crop", augment::PadCropOptions{std::move(size), pad, mode});
}
inline config::Choice center_crop(std::vector<int64_t> size) {
  return step("center_crop", augment::CenterCropOptions{std::move(size)});
}
inline config::Choice resize(std::vector<int64_t> size) {
  return step("resize", augment::ResizeOptions{std::move(size)});
}
inline config::Choice random_resized_crop(std::vector<int64_t> size,
                                          std::vector<double> scale = {0.08, 1.0}) {
  return step("random_resized_crop",
              augment::RandomResizedCropOptions{std::move(size), std::move(scale)});
}
inline config::Choice flip(augment::HorizontalFlip horizontal,
                           augment::VerticalFlip vertical = augment::VerticalFlip::kNone,
                           double probability = 0.5) {
  return step("flip", augment::FlipOptions{horizontal, vertical, probability});
}
inline config::Choice normalize(std::vector<double> mean, std::vector<double> std) {
  return step("normalize", augment::NormalizeOptions{std::move(mean), std::move(std)});
}

inline augment::Pipeline pipeline(std::vector<config::Choice> steps) {
  return augment::Pipeline(steps);
}

}  // namespace stoker::test

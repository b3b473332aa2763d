// flip: mirrors left and right, or top and bottom.
#pragma once

#include <span>
#include <string_view>

#include "stoker/augment/step.h"

namespace stoker::augment {

// Alternating: whether a sample is mirrored is drawn once and then turns every epoch, so that two
// epochs in a row show it both ways (Jordan, "94% on CIFAR-10 in 3.29 Seconds", 2024, section 3.6).
enum class HorizontalFlip { kNone, kRandom, kAlternating };
std::span<const std::string_view> enum_names(HorizontalFlip);  // none, random, alternating
enum class VerticalFlip { kNone, kRandom };
std::span<const std::string_view> enum_names(VerticalFlip);  // none, random

struct FlipOptions {
  HorizontalFlip horizontal = HorizontalFlip::kRandom;
  VerticalFlip vertical = VerticalFlip::kNone;
  double probability = 0.5;
};
void describe(FlipOptions& options, config::Fields& fields);

std::unique_ptr<GeometricStep> build_flip(const FlipOptions& options);

}  // namespace stoker::augment

// random_resized_crop: a box of random area and aspect ratio, stretched to one size (the "Inception
// crop": Szegedy et al., "Going Deeper with Convolutions", CVPR 2015).
#pragma once

#include <vector>

#include "stoker/augment/step.h"

namespace stoker::augment {

struct RandomResizedCropOptions {
  std::vector<int64_t> size;
  std::vector<double> scale = {0.08, 1.0};
  std::vector<double> ratio = {3.0 / 4, 4.0 / 3};
};
void describe(RandomResizedCropOptions& options, config::Fields& fields);

// Throws ConfigError unless scale and ratio are two numbers, the smaller first.
std::unique_ptr<GeometricStep> build_random_resized_crop(const RandomResizedCropOptions& options);

}  // namespace stoker::augment

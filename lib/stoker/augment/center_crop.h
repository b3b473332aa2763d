// center_crop: the middle of the image, as torchvision's CenterCrop takes it.
#pragma once

#include <vector>

#include "stoker/augment/step.h"

namespace stoker::augment {

struct CenterCropOptions {
  std::vector<int64_t> size;
};
void describe(CenterCropOptions& options, config::Fields& fields);

std::unique_ptr<GeometricStep> build_center_crop(const CenterCropOptions& options);

}  // namespace stoker::augment

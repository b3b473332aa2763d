// center_crop: the middle of the image, as torchvision's CenterCrop takes it.
#pragma once

#include <vector>

#include "stoker/augment/step.h"
#include "stoker/augment/views.h"

namespace stoker::augment {

struct CenterCropOptions {
  std::vector<int64_t> size;
};
void describe(CenterCropOptions& options, config::Fields& fields);

// With views of five crops it takes the place of the repetition's view.
std::unique_ptr<GeometricStep> build_center_crop(const CenterCropOptions& options,
                                                 const ViewOptions& views = {});

}  // namespace stoker::augment

// Targets of images that may have any number of labels.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "stoker/data/dataset.h"

namespace stoker::train {

// float32 [samples, classes], 1 where the image has the label, on `device`, without waiting for it.
// Undefined for a set of one label an image.
at::Tensor label_targets(const data::Dataset& dataset, const std::vector<int64_t>& samples,
                         at::Device device);

}  // namespace stoker::train

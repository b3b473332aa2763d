// The values of a tensor as a histogram.
#pragma once

#include <ATen/core/Tensor.h>

#include "stoker/callbacks/event_file.h"

namespace stoker::callbacks {

// 64 buckets of equal width from the least value to the greatest, of the values divided by `scale`.
// Values that are not finite are left out. tensor: of any shape, floating dtype and device.
Histogram tensor_histogram(const at::Tensor& tensor, double scale = 1);

}  // namespace stoker::callbacks

// What a device reaches on work that suits it best: the two rates of the roofline model.
#pragma once

#include <c10/core/Device.h>

#include "stoker/monitor/roofline.h"
#include "stoker/train/options.h"

namespace stoker::jobs {

// On products of matrices in this precision and on copies of a large tensor, the best of several;
// about a second. memory_bytes is what tensors may hold. Throws Interrupted, OutOfMemory.
monitor::Rates measure_rates(c10::Device device, train::Precision precision);

}  // namespace stoker::jobs

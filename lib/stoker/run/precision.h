// train.precision: auto.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "stoker/run/run_config.h"

namespace stoker::run {

// Puts what auto means on the device into the config: bf16 where it is faster than fp32, else fp16
// where that is, else fp32. Returns the reason, "" where the config names a precision.
std::string resolve_precision(RunConfig& config, c10::Device device);

// What to know of a precision that was named and is slow on the device; mostly "".
std::string slow_precision(train::Precision precision, c10::Device device);

// The narrow precision that the device would be faster at than at this one; "" where there is none.
std::string faster_precision(train::Precision precision, c10::Device device);

}  // namespace stoker::run

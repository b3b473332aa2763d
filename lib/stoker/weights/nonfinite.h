// Which tensors of a network hold values that are not finite.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "stoker/weights/named_tensors.h"

namespace stoker::weights {

// Names of the floating-point tensors with a NaN or an infinity, in their order; those of more than
// `most_values` values are not looked at. Waits for the device once.
std::vector<std::string> nonfinite_names(const NamedTensors& tensors,
                                         int64_t most_values = std::numeric_limits<int64_t>::max());

// "bn1.running_var, bn2.running_var and 3 more".
std::string some_names(const std::vector<std::string>& names);

}  // namespace stoker::weights

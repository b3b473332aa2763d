// What tensors take.
#pragma once

#include <cstdint>

#include "stoker/weights/named_tensors.h"

namespace stoker::weights {

inline int64_t bytes_of(const NamedTensors& tensors) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

}  // namespace stoker::weights

// How many pieces of `size` a count makes, the last one perhaps smaller. Nothing in it can
// overflow, unlike (count + size - 1) / size.
//
//   const int64_t batches = ceil_div(samples, batch_size);
#pragma once

#include <concepts>

namespace stoker {

// count: at least 0; size: at least 1.
template <std::integral T>
constexpr T ceil_div(T count, T size) {
  return count / size + static_cast<T>(count % size != 0);
}

}  // namespace stoker

// Files that tests of data sets make for themselves.
#pragma once

#include <cstddef>
#include <vector>

#include "stoker/decode/decode.h"
#include "support/temporary.h"
#include "support/thrown.h"

namespace stoker::test {

// A PNG whose pixels all have this value.
inline std::vector<std::byte> plain_png(int32_t width, int32_t height, uint8_t value,
                                        int32_t channels = 3) {
  const std::vector<uint8_t> pixels(size_t(width) * size_t(height) * size_t(channels), value);
  return decode::encode_png({pixels.data(), width, height, channels, int64_t{width} * channels});
}

}  // namespace stoker::test

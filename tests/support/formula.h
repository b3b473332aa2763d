// The image that generators in tests/golden make by a formula, to compare with what they computed.
#pragma once

#include <cstdint>
#include <vector>

namespace stoker::test {

// formula() of the generators, HWC.
inline std::vector<uint8_t> formula(int channels, int height, int width) {
  std::vector<uint8_t> pixels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        pixels.push_back(static_cast<uint8_t>(
            (x * x * 7 + y * y * 13 + x * y * 5 + c * 61 + x * 3 * c + y * 29) % 256));
  return pixels;
}

}  // namespace stoker::test

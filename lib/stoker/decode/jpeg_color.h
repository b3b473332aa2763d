// What libjpeg leaves of colour: ink to RGB, and the names of colour spaces.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs FILE
#include <string_view>
#include <vector>

#include <jpeglib.h>

namespace stoker::decode {

// Four-component JPEGs store ink inverted (Adobe's way), and every viewer assumes so, marker or
// not.
inline void cmyk_to_rgb_in_place(std::vector<uint8_t>& pixels, size_t count) {
  const auto scaled = [](unsigned value, unsigned black) {
    const unsigned product = value * black + 128;
    return static_cast<uint8_t>((product + (product >> 8)) >> 8);  // rounded product / 255
  };
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* in = &pixels[4 * i];
    const std::array<uint8_t, 3> rgb{scaled(in[0], in[3]), scaled(in[1], in[3]),
                                     scaled(in[2], in[3])};
    std::copy(rgb.begin(), rgb.end(), &pixels[3 * i]);
  }
}

inline std::string_view mode_name(J_COLOR_SPACE space) {
  switch (space) {
    case JCS_GRAYSCALE:
      return "L";
    case JCS_RGB:
      return "RGB";
    case JCS_YCbCr:
      return "YCbCr";
    case JCS_CMYK:
      return "CMYK";
    case JCS_YCCK:
      return "YCCK";
    default:
      return "unknown";
  }
}

}  // namespace stoker::decode

// JPEG files of every kind for tests, and their pixels as libjpeg itself decodes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stoker::test {

struct JpegKind {
  int width = 77, height = 59;
  int channels = 3;                // 1, 3, or 4 for CMYK
  bool store_rgb = false;          // no conversion to YCbCr
  int h_factor = 2, v_factor = 2;  // of the first component; the others have 1
  int quality = 85;
  int restart_rows = 0;    // rows of blocks between restart markers
  int restart_blocks = 0;  // MCUs between them, instead
  bool progressive = false, arithmetic = false, optimize = true;
  int orientation = 1;  // above 1: in an EXIF segment
  double noise = 0.2;   // share of the range
  uint64_t seed = 1;
};

std::vector<std::byte> make_jpeg(const JpegKind& kind);

// Small ones of each kind, to be damaged.
inline std::vector<JpegKind> hostile_kinds() {
  return {{.width = 60, .height = 45},
          {.width = 60, .height = 45, .h_factor = 1, .v_factor = 1, .noise = 1},
          {.width = 60, .height = 45, .h_factor = 2, .v_factor = 1, .optimize = false},
          {.width = 60, .height = 45, .h_factor = 1, .v_factor = 2},
          {.width = 60, .height = 45, .channels = 1},
          {.width = 60, .height = 45, .restart_rows = 1},
          {.width = 60, .height = 45, .restart_blocks = 2, .orientation = 6},
          {.width = 60, .height = 45, .store_rgb = true, .h_factor = 1, .v_factor = 1},
          {.width = 60, .height = 45, .progressive = true}};
}

struct ReferencePixels {
  int width = 0, height = 0, channels = 0;
  std::vector<uint8_t> pixels;  // as stored
};
// By libjpeg's plainest calls; scale: 1, 2, 4 or 8.
ReferencePixels libjpeg_pixels(const std::vector<std::byte>& file, int scale = 1);

}  // namespace stoker::test

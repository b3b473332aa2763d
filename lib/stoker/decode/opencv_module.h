// The border between stoker and libstoker_opencv.so: two C functions.
//
// OpenCV's codecs bring some 140 libraries, GDAL and a second BLAS among them, which would slow
// every start. So OpenCV lives in a module that is opened when the first image comes that needs it
// (opencv_loader.cpp), and nothing of C++ crosses the border.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct StokerOpencvImage {
  uint8_t* pixels;  // RGB or gray, 8 bits, contiguous; null if the image could not be read
  int32_t width;
  int32_t height;
  int32_t channels;
  char reason[256];  // why not
};

// BMP and PNM. has_alpha: whether a fourth channel is alpha, to be composited on black; else it is
// left out.
StokerOpencvImage stoker_opencv_decode(const uint8_t* file, size_t size_bytes, int has_alpha);
void stoker_opencv_release(StokerOpencvImage* image);
}

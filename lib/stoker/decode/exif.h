// The EXIF orientation of an image file, read by hand and bounded by the file.
//
// Anything malformed counts as upright (1): orientation is a hint, and viewers do the same.
#pragma once

#include "stoker/core/file.h"

namespace stoker::decode {

// From a TIFF structure ("II*\0" or "MM\0*"), which is also what EXIF blocks hold. 1 to 8.
int tiff_orientation(Bytes tiff);
// From the APP1 segment ahead of a JPEG's first scan.
int jpeg_orientation(Bytes file);

// What (width, height) becomes when turned upright: 5 to 8 swap the two.
inline bool swaps_sides(int orientation) { return orientation >= 5; }

}  // namespace stoker::decode

// The orientation of an image file by its EXIF and XMP blocks, read by hand and bounded by the
// file.
//
// As Pillow's ImageOps.exif_transpose: EXIF decides where it has the tag, in any type of number;
// else tiff:Orientation of XMP, as attribute or element. Anything malformed counts as upright (1):
// orientation is a hint, and viewers do the same.
//
//   OrientationHints hints;
//   hints.exif = exif_orientation(block);
//   int turn = hints.orientation();  // 1 to 8
#pragma once

#include <optional>

#include "stoker/core/file.h"

namespace stoker::decode {

// What the blocks of one file say; nothing where a block lacks the tag.
struct OrientationHints {
  std::optional<int> exif, xmp;

  int orientation() const {
    const int value = exif.value_or(xmp.value_or(1));
    return value >= 1 && value <= 8 ? value : 1;
  }
};

// block: a TIFF structure ("II*\0" or "MM\0*"), "Exif\0\0" before it or not. 0 for a value that is
// no orientation.
std::optional<int> exif_orientation(Bytes block);
std::optional<int> xmp_orientation(Bytes text);

// Of a TIFF file: tags 274 and 700.
int tiff_orientation(Bytes file);
// From the APP1 segments ahead of a JPEG's first scan.
int jpeg_orientation(Bytes file);
// From eXIf and the text chunks of a PNG ("XML:com.adobe.xmp", "Raw profile type exif"), anywhere
// in the file.
int png_orientation(Bytes file);

// What (width, height) becomes when turned upright: 5 to 8 swap the two.
inline bool swaps_sides(int orientation) { return orientation >= 5; }

}  // namespace stoker::decode

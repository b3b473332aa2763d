// Which pixels of a source the fused pass reads, known before the source is decoded.
//
//   Geometry g = pipeline.draw(key, width, height);
//   const int scale = shrink_of(g);                     // 1, 2, 4 or 8, if the decoder can
//   Region region = source_region(g, {224, 224}, {width, height});
#pragma once

#include <cstdint>

#include "stoker/kernels/image.h"

namespace stoker::kernels {

struct Extent {
  int32_t width = 0, height = 0;
};

// The smallest rectangle of the source that holds every pixel read for an output of this size; at
// least one pixel. The geometry must pass check_augment for the source.
Region source_region(const Geometry& geometry, Extent output, Extent source);

// The largest of 1, 2, 4 and 8 by which the source may be shrunk before the pass and still have a
// pixel for each of the grid's along both axes.
int shrink_of(const Geometry& geometry);

// The geometry for a source that was shrunk `scale` times, exactly (scale is a power of two).
Geometry shrunk(Geometry geometry, int scale);

}  // namespace stoker::kernels

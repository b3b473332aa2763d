// An image on its way through geometric steps, kept as arithmetic: its size so far and the map back
// to the source. No pixel moves until the one pass at the end.
//
//   Canvas canvas = canvas_of(500, 375);
//   resample(canvas, {100, 50, 300, 200}, {224, 224});  // a box of it, stretched
//   mirror_x(canvas);
//   crop(canvas, {12, 12, 200, 200});
//   kernels::augment(image, canvas.geometry, …);
#pragma once

#include <cstdint>

#include "stoker/kernels/image.h"

namespace stoker::augment {

struct Size {
  int32_t width = 0, height = 0;
  bool operator==(const Size&) const = default;
};

// In pixels of the canvas as it stands.
struct Rectangle {
  int32_t x = 0, y = 0, width = 0, height = 0;
};

// Shows columns [offset_x, offset_x + width) of geometry's grid, mirrored under flip_x; rows alike.
struct Canvas {
  int32_t width = 0;
  int32_t height = 0;
  kernels::Geometry geometry;
};

Canvas canvas_of(int32_t source_width, int32_t source_height);

// Shows `part` of the canvas from now on. Where `part` reaches beyond the grid, the border shows.
void crop(Canvas& canvas, const Rectangle& part);

// Stretches `part`, which lies within the canvas, to `size`. Throws DataError when the canvas shows
// a border: padding cannot be resampled in one pass.
void resample(Canvas& canvas, const Rectangle& part, Size size);

void mirror_x(Canvas& canvas);
void mirror_y(Canvas& canvas);

// Makes what the canvas shows the whole grid, so that a border begins at the canvas's edge and not
// where the source ends.
void settle(Canvas& canvas);

}  // namespace stoker::augment
